import { readdirSync, readFileSync } from "node:fs";
import { poll } from "../wait.js";
import type { System } from "./System.js";

/** What a system holds; of the bridges together. Descriptors and memory only where there is a /proc. */
export interface Levels {
  readonly goroutines: number;
  readonly streams: number;
  readonly jobs: number;
  readonly bridgeDescriptors: number;
  readonly cloudDescriptors: number;
  readonly bridgeMiB: number;
  readonly cloudMiB: number;
}

/**
 * How much more than at the beginning is no leak: pooled connections, sockets that close by and by, and
 * heaps that a garbage collector has let grow.
 */
const slack: Levels = {
  goroutines: 60,
  streams: 0,
  jobs: 0,
  bridgeDescriptors: 40,
  cloudDescriptors: 40,
  bridgeMiB: 150,
  cloudMiB: 200,
};

export async function readLevels({ bridges, cloud }: System): Promise<Levels> {
  const running = bridges.map((bridge) => bridge.running);
  const metrics = await Promise.all(running.map(({ url }) => metricsOf(url)));
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return {
    goroutines: sum(metrics.map((of) => of("go_goroutines"))),
    streams: sum(metrics.map((of) => of("bridge_active_streams"))),
    jobs: (await metricsOf(cloud.url))("cloud_active_jobs"),
    bridgeDescriptors: sum(running.map(({ pid }) => descriptors(pid))),
    cloudDescriptors: descriptors(cloud.pid),
    bridgeMiB: sum(running.map(({ pid }) => residentMiB(pid))),
    cloudMiB: residentMiB(cloud.pid),
  };
}

/** Waits until the levels are back where they were; returns what they are, and what is too high. */
export async function settleLevels(
  system: System,
  before: Levels,
  timeoutMs: number,
): Promise<{ after: Levels; problems: string[] }> {
  let after = before;
  let problems: string[] = [];
  const look = async () => {
    after = await readLevels(system);
    problems = tooHigh(before, after);
    if (problems.length > 0) {
      throw new Error(problems.join("; "));
    }
  };
  await poll("the levels of the beginning", look, { timeoutMs, everyMs: 500 }).catch((error: unknown) => {
    problems = problems.length === 0 ? [String(error)] : problems;
  });
  return { after, problems };
}

function tooHigh(before: Levels, after: Levels): string[] {
  return (Object.keys(slack) as (keyof Levels)[])
    .filter((name) => !(after[name] <= before[name] + slack[name]))
    .map((name) => `${name}: ${before[name]} before, ${after[name]} after`);
}

/** Reads a metric that has no labels. @throws {Error} there is none of that name */
async function metricsOf(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })).text();
  return (name) => {
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1];
    if (found === undefined) {
      throw new Error(`${url} has no metric ${name}.`);
    }
    return Number(found);
  };
}

function descriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function residentMiB(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Math.round(Number(kib ?? 0) / 1024);
  } catch {
    return 0;
  }
}
