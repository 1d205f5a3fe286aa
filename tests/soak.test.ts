import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { inRepository } from "@server-playback/simulator";
import { expect, test } from "vitest";
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

test("LOAD-1 LOAD-2 LOAD-3 whatever breaks, each play has one job, one end and one answer, and nothing leaks", {
  timeout: BOUND_MS + 10_000,
}, async () => {
  const run = spawn(process.execPath, [inRepository("packages/simulator/dist/soak.js"), "chaos"], {
    env: { ...process.env, SOAK_S: `${SECONDS}`, SOAK_USERS: "8", CHAOS_SEED: "7" },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: BOUND_MS,
  });
  const [output, [code]] = await Promise.all([text(run.stdout), once(run, "exit")]);
  expect(output).toContain("all of it holds.");
  const result = ResultSchema.parse(JSON.parse(readFileSync(inRepository("out", "chaos.json"), "utf8")));
  expect(result).toMatchObject({ ok: true, seed: 7, problems: [] });
  expect(result.plays).toBeGreaterThan(20);
  expect(result.faults.length).toBeGreaterThan(2);
  expect(result.after.streams).toBe(0);
  expect(code).toBe(0);
});
