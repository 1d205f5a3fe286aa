import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { inRepository } from "@server-playback/simulator";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";

/** How long things break, in s, and what starting, settling and ending may add on a busy machine, in ms. */
const SECONDS = 12;
const BOUND_MS = 150_000;

const ResultSchema = z.object({
  ok: z.boolean(),
  seed: z.number(),
  plays: z.number(),
  problems: z.array(z.string()),
  faults: z.array(z.string()),
  before: z.object({ streams: z.number(), goroutines: z.number() }),
  after: z.object({ streams: z.number(), goroutines: z.number() }),
});

let output = "";
let code: number | null = null;
let result: z.infer<typeof ResultSchema>;

/** One run, of which each test holds its part. */
beforeAll(async () => {
  const run = spawn(process.execPath, [inRepository("packages/simulator/dist/soak.js"), "chaos"], {
    env: { ...process.env, SOAK_S: `${SECONDS}`, SOAK_USERS: "8", CHAOS_SEED: "7" },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: BOUND_MS,
  });
  const ended = once(run, "close") as Promise<[number | null]>;
  [output, [code]] = await Promise.all([text(run.stdout), ended]);
  result = ResultSchema.parse(JSON.parse(readFileSync(inRepository("out", "chaos.json"), "utf8")));
}, BOUND_MS + 10_000);

test("LOAD-1 whatever breaks, each play has one job, one end and one answer", () => {
  expect(result.problems).toEqual([]);
  expect(result.plays).toBeGreaterThan(20);
});

test("LOAD-2 nothing is held at the end that was not held at the beginning", () => {
  expect(result.after.streams).toBe(0);
  expect(result.after.goroutines).toBeLessThan(result.before.goroutines + 100);
});

test("LOAD-3 the run breaks things, says by which seed, and ends with 0 because all of it held", () => {
  expect(result).toMatchObject({ ok: true, seed: 7 });
  expect(result.faults.length).toBeGreaterThan(2);
  expect(output).toContain("CHAOS_SEED=7");
  expect(output).toContain("all of it holds.");
  expect(code).toBe(0);
});
