import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { inRepository } from "@server-playback/simulator";
import { expect, test } from "vitest";

const isInstalled = (name: string) => spawnSync(name, ["-v"]).error === undefined;
const canRun = isInstalled("haproxy") && (isInstalled("redis-server") || isInstalled("valkey-server"));

/** The short plan's bound, in ms: about a minute, on a machine that has nothing else to do. */
const BOUND_MS = 170_000;

test.skipIf(!canRun)(
  "CLUSTER members are killed and restarted: no sound is lost or heard twice (needs haproxy and redis-server)",
  { timeout: BOUND_MS + 10_000 },
  async () => {
    const run = spawn(process.execPath, [inRepository("packages/simulator/dist/cluster.js")], {
      env: { ...process.env, CLUSTER_PLAN: "short", CLUSTER_ROOMS: "4", CLUSTER_SEED: "1" },
      stdio: ["ignore", "pipe", "inherit"],
      timeout: BOUND_MS,
    });
    const [output, [code]] = await Promise.all([text(run.stdout), once(run, "exit")]);
    expect(output).toContain("All of it holds.");
    expect(code).toBe(0);
  },
);
