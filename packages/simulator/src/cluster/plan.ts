import { oneOf } from "../random.js";
import type { Member } from "./Member.js";
import type { Topology } from "./Topology.js";

/** What happens to the topology while every room plays a sound. */
export interface Phase {
  readonly name: string;
  /** Whether it takes away the way of the media itself: a LiveKit node, or the proxy before them. */
  readonly mediaGoes?: boolean;
  act(topology: Topology, random: () => number): Promise<void>;
}

/** How long a member that was killed stays away, in ms. */
const AWAY_MS = 1_000;

const calm: Phase = { name: "nothing happens", act: () => Promise.resolve() };

const kills: readonly Phase[] = [
  kill("a bridge is killed", ({ bridges }) => bridges),
  kill("a cloud is killed", ({ clouds }) => clouds),
  kill("Redis is killed", ({ redis }) => [redis]),
  { ...kill("a LiveKit node is killed", ({ liveKits }) => liveKits), mediaGoes: true },
  { ...kill("the proxy is killed", ({ proxy }) => [proxy]), mediaGoes: true },
];

const grow: Phase = { name: "a bridge and a cloud are added", act: (topology) => topology.grow() };

const restarts: readonly Phase[] = [
  restart("the bridges are restarted, one by one", ({ bridges }) => bridges),
  restart("the clouds are restarted, one by one", ({ clouds }) => clouds),
  { ...restart("the LiveKit nodes are restarted, one by one", ({ liveKits }) => liveKits), mediaGoes: true },
];

/** The whole run, and the one that is short enough for every test run. */
export const plans = {
  whole: [calm, ...kills, calm, grow, calm, ...restarts, calm],
  short: [calm, ...kills.slice(0, 3), grow, ...restarts.slice(0, 2), calm],
} as const satisfies Record<string, readonly Phase[]>;

function kill(name: string, among: (topology: Topology) => readonly Member[]): Phase {
  return {
    name,
    act: async (topology, random) => {
      const member = oneOf(among(topology), random);
      await member.kill();
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      await member.start();
    },
  };
}

function restart(name: string, which: (topology: Topology) => readonly Member[]): Phase {
  return {
    name,
    act: async (topology) => {
      for (const member of which(topology)) {
        await member.close();
        await member.start();
      }
    },
  };
}
