// `make soak`: many users play, stop and come back, for as long as is asked for; `make chaos`: the same
// while things break, as a seed says. Ends with 0 only if every play had one job, one end and one answer,
// and nothing is held at the end that was not held at the beginning.
import { setMaxListeners } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Closers } from "./closers.js";
import { randomOf } from "./random.js";
import { breakThings } from "./soak/faults.js";
import { Ledger } from "./soak/Ledger.js";
import { type Levels, readLevels, settleLevels } from "./soak/levels.js";
import { System } from "./soak/System.js";
import { SETTLE_MS, User } from "./soak/User.js";
import { inRepository } from "./stack/env.js";
import { runProgram } from "./stack/program.js";

/** How long the levels may take to go down, in ms: users who left are remembered for 10 s. */
const LEVELS_MS = 30_000;

const name = process.argv[2] === "chaos" ? "chaos" : "soak";
const { SOAK_S, SOAK_USERS, CHAOS_SEED } = process.env;
const [seconds, count] = [Number(SOAK_S || 300), Number(SOAK_USERS || 12)];
const seed = Number(CHAOS_SEED || Date.now() % 1_000_000);

await runProgram(async (signal, closers) => {
  setMaxListeners(0, signal); // each user waits with it
  return await run(closers, signal);
});

async function run(closers: Closers, signal: AbortSignal): Promise<number> {
  say(`Starting everything for ${count} users; ${name} for ${seconds} s, CHAOS_SEED=${seed} ...`);
  const ledger = new Ledger();
  const system = closers.own(await System.start(name, ledger));
  const users: User[] = [];
  for (let i = 0; i < count; i++) {
    const world = { system, ledger, signal, random: randomOf(seed + 1 + i) };
    users.push(closers.own(await User.arrive(`user${i + 1}`, world)));
  }
  await Promise.all(users.map((user) => user.play())); // everybody's room is joined from here on
  await ledger.settle(SETTLE_MS);
  const before = await readLevels(system);
  signal.throwIfAborted();

  say("Everybody is there.");
  const until = Date.now() + seconds * 1000;
  const world = { system, users, signal, random: randomOf(seed) };
  const faults = name === "chaos" ? breakThings(until, world, say) : [];
  const [broken] = await Promise.all([faults, ...users.map((user) => user.live(until))]);
  await ledger.settle(SETTLE_MS);
  const { after, problems: leaks } = await settleLevels(system, before, LEVELS_MS);
  const problems = [...ledger.problems, ...leaks];
  return report({
    ok: problems.length === 0,
    seed,
    seconds,
    users: count,
    plays: ledger.plays,
    lost: ledger.lost,
    problems,
    before,
    after,
    faults: broken,
  });
}

/** What `out/soak.json` and `out/chaos.json` say. */
interface Result {
  readonly ok: boolean;
  readonly seed: number;
  readonly seconds: number;
  readonly users: number;
  readonly plays: number;
  /** Requests that were on their way to glasses whose connection broke. */
  readonly lost: number;
  readonly problems: readonly string[];
  readonly before: Levels;
  readonly after: Levels;
  /** What was broken, in this order. */
  readonly faults: readonly string[];
}

function report(result: Result): number {
  mkdirSync(inRepository("out"), { recursive: true });
  writeFileSync(inRepository("out", `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  say(JSON.stringify({ before: result.before, after: result.after }, null, 2));
  for (const problem of result.problems) {
    say(`problem: ${problem}`);
  }
  say(`${result.plays} plays; ${result.ok ? "all of it holds." : "NOT ALL OF IT HOLDS."}`);
  return result.ok ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
