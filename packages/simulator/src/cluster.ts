// `make cluster`: the whole topology on this machine, its members killed, added and restarted while every
// room plays; ends with 0 only if no sound was lost or heard twice and every app was told the truth.
import { mkdirSync, writeFileSync } from "node:fs";
import type { Closers } from "./closers.js";
import { plans } from "./cluster/plan.js";
import { missingPrograms } from "./cluster/programs.js";
import { Room } from "./cluster/Room.js";
import { isGood, phaseLine, roomReport, roomTable } from "./cluster/report.js";
import { sweep } from "./cluster/sweep.js";
import { Topology } from "./cluster/Topology.js";
import { randomOf } from "./random.js";
import { inRepository } from "./stack/env.js";
import { runProgram } from "./stack/program.js";

/** How long each sound is, in ms. */
const SOUND_MS = 4_000;
/** How far a sound is under way when something happens, in ms. */
const UNDER_WAY_MS = 1_200;
/** Ends with this when a program that it needs is not installed: neither good nor bad. */
const EXIT_SKIPPED = 77;

const { CLUSTER_ROOMS = "30", CLUSTER_SEED, CLUSTER_PLAN, CLUSTER_ONLY = "" } = process.env;
const [rooms, seed] = [Number(CLUSTER_ROOMS), Number(CLUSTER_SEED || Date.now() % 1_000_000)];
const plan = plans[CLUSTER_PLAN === "short" ? "short" : "whole"].filter(({ name }) =>
  name.includes(CLUSTER_ONLY),
);

await runProgram(async (signal, closers) => {
  const missing = missingPrograms();
  if (missing.length > 0) {
    say(`Skipped: not installed: ${missing.join(", ")} (Debian: apt-get install ${missing.join(" ")}).`);
    return EXIT_SKIPPED;
  }
  return await run(closers, signal);
});

async function run(closers: Closers, signal: AbortSignal): Promise<number> {
  say(
    `Starting Redis, 2 LiveKit nodes, 3 bridges and 2 clouds behind a proxy; ${rooms} rooms, seed ${seed} ...`,
  );
  const topology = closers.own(await Topology.start());
  for (const index of [0, 1, 2]) {
    topology.samples.serve(`sweep-${index}.wav`, sweep(index, SOUND_MS));
  }
  const open = await openRooms(topology, closers);
  say("Everybody is in their room.\n");
  const random = randomOf(seed);
  for (const phase of plan) {
    signal.throwIfAborted();
    const playing = Promise.all(open.map((room) => room.play(phase)));
    await new Promise((resolve) => setTimeout(resolve, UNDER_WAY_MS));
    const [plays] = await Promise.all([playing, phase.act(topology, random)]);
    say(phaseLine(phase.name, plays));
  }
  const reports = open.map((room) => roomReport(room, SOUND_MS));
  const ok = reports.every(isGood);
  say(`\n${roomTable(reports)}\n\n${ok ? "All of it holds." : "NOT ALL OF IT HOLDS."}`);
  write({ ok, seed, rooms: reports, plays: open.map(({ userId, plays }) => ({ room: userId, plays })) });
  return ok ? 0 : 1;
}

/** A few at a time: a crowd at the door is another test. */
async function openRooms(topology: Topology, closers: Closers): Promise<Room[]> {
  const open: Room[] = [];
  for (let i = 0; i < rooms; i += 5) {
    const some = Array.from({ length: Math.min(5, rooms - i) }, (_, k) => `room${i + k + 1}@example.com`);
    const opened = await Promise.all(some.map((userId) => Room.open(topology, userId, SOUND_MS)));
    open.push(
      ...opened.map((room) => {
        closers.own(room.glasses);
        return room;
      }),
    );
  }
  return open;
}

function write(report: object): void {
  mkdirSync(inRepository("out"), { recursive: true });
  writeFileSync(inRepository("out", "cluster.json"), `${JSON.stringify(report, null, 2)}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
