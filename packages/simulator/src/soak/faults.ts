import { setTimeout as pause } from "node:timers/promises";
import { oneOf, randomOf } from "../random.js";
import type { System } from "./System.js";
import type { User } from "./User.js";

/** How long a part that was killed stays away, and one that is held up stands still, in ms. */
const AWAY_MS = 500;
const HELD_UP_MS = 1_500;
/** The pause before a fault, at least and how much longer at most, in ms. */
const PAUSE_MS = { from: 500, more: 2_000 };

interface World {
  readonly system: System;
  readonly users: readonly User[];
  readonly random: () => number;
  readonly signal: AbortSignal;
}

interface Fault {
  readonly name: string;
  happen(world: World): Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: "a bridge is killed",
    happen: ({ system, random }) => killAndStart(oneOf(system.bridges, random)),
  },
  { name: "the LiveKit server is killed", happen: ({ system }) => killAndStart(system.liveKit) },
  {
    name: "a bridge stands still",
    happen: ({ system, random }) => holdUp(oneOf(system.bridges, random).running.pid),
  },
  { name: "the cloud stands still", happen: ({ system }) => holdUp(system.cloud.pid) },
  {
    name: "half of the apps' sockets are cut",
    happen: async ({ system, random }) => system.appLinks.cut(() => random() < 0.5),
  },
  {
    name: "the sockets to a bridge are cut",
    happen: async ({ system, random }) => oneOf(system.bridgeLinks, random).cut(),
  },
  {
    name: "half of the glasses' sockets are cut",
    happen: async ({ users, random }) => {
      for (const user of users.filter(() => random() < 0.5)) {
        user.dropGlasses();
      }
    },
  },
];

/**
 * Breaks one thing after the other until the time has come (wall clock, ms); returns what was broken. Each fault has a
 * random stream of its own: how much it takes from it has no part in what comes next.
 */
export async function breakThings(
  until: number,
  world: World,
  say: (text: string) => void,
): Promise<string[]> {
  const happened: string[] = [];
  let left: Fault[] = [];
  for (;;) {
    await pause(PAUSE_MS.from + world.random() * PAUSE_MS.more, undefined, { signal: world.signal });
    if (Date.now() >= until) {
      return happened;
    }
    left = left.length === 0 ? [...faults] : left; // each once before any comes again
    const fault = oneOf(left, world.random);
    left.splice(left.indexOf(fault), 1);
    say(fault.name);
    happened.push(fault.name);
    await fault.happen({ ...world, random: randomOf(world.random() * 2 ** 32) });
  }
}

async function killAndStart(member: { kill(): Promise<void>; start(): Promise<void> }): Promise<void> {
  await member.kill();
  await pause(AWAY_MS);
  await member.start();
}

async function holdUp(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await pause(HELD_UP_MS);
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
