import { sine, writeWav } from "@server-playback/simulator";
import { type Bed, closeAll, type Player, sleep } from "../Bed.js";
import { residentBytes } from "../process.js";
import { figure } from "../stats.js";
import type { Line } from "../table.js";

const ROOMS = 50;
const STREAMS = 20;
const PLAYS = 500;
const WARM_PLAYS = 100;
const WINDOW_MS = 5_000;
/** What a garbage collector gives back late is given time to. */
const SETTLE_MS = 3_000;
const MIB = 1024 * 1024;

/** Memory of a joined idle room and of a playing stream, allocations a packet, growth over many plays. */
export async function memory(bed: Bed): Promise<Line[]> {
  const empty = residentBytes(bed.bridge.pid);
  const rooms = await joinedRooms(bed);
  const idle = residentBytes(bed.bridge.pid);
  const room = (idle - empty) / ROOMS / MIB;
  await closeAll(rooms);
  await sleep(SETTLE_MS);
  const stream = await streams(bed, room);
  return [
    line(
      "memory, joined idle room",
      "MiB",
      room,
      1.2,
      `${ROOMS} rooms; bridge empty ${figure(empty / MIB)} MiB`,
    ),
    stream.memory,
    stream.allocations,
    await plays(bed),
  ];
}

async function joinedRooms(bed: Bed): Promise<Player[]> {
  const players = await Promise.all(Array.from({ length: ROOMS }, () => bed.player()));
  await Promise.all(players.map((player) => player.join()));
  await sleep(SETTLE_MS);
  return players;
}

async function streams(bed: Bed, room: number): Promise<{ memory: Line; allocations: Line }> {
  const before = residentBytes(bed.bridge.pid);
  const players = await bed.playing(STREAMS);
  await sleep(SETTLE_MS);
  const [mallocs, packets] = await counters(bed);
  await sleep(WINDOW_MS);
  const [mallocsAfter, packetsAfter] = await counters(bed);
  const more = (residentBytes(bed.bridge.pid) - before) / STREAMS / MIB - room;
  await closeAll(players);
  await sleep(SETTLE_MS);
  const each = (mallocsAfter - mallocs) / (packetsAfter - packets);
  return {
    memory: line("memory, playing stream, beyond its room", "MiB", more, 1, `${STREAMS} streams`),
    allocations: line(
      "allocations a packet, whole process",
      "count",
      each,
      0.5,
      "decoding, network and reports included",
    ),
  };
}

async function counters(bed: Bed): Promise<[mallocs: number, packets: number]> {
  return [await bed.metric("go_memstats_mallocs_total"), await bed.metric("bridge_packets_total")];
}

/** Many short plays, ten at a time: what memory they leave behind. */
async function plays(bed: Bed): Promise<Line> {
  const url = bed.samples.serve(
    "short.wav",
    writeWav({ sampleRate: 48_000, channels: [sine(440, 0.06, 48_000)] }),
  );
  const players = await Promise.all(Array.from({ length: 10 }, () => bed.player()));
  const round = () => Promise.all(players.map((player) => player.event("play_complete", player.start(url))));
  let warm = 0;
  for (let played = 0; played < PLAYS; played += players.length) {
    if (played === WARM_PLAYS) {
      warm = residentBytes(bed.bridge.pid);
    }
    await round();
  }
  const grown = (residentBytes(bed.bridge.pid) - warm) / MIB;
  await closeAll(players);
  const note = `after ${WARM_PLAYS} plays to warm up: ${figure(warm / MIB)} MiB`;
  return line(`memory growth over ${PLAYS - WARM_PLAYS} plays`, "MiB", grown, 4, note);
}

function line(name: string, unit: string, ours: number, most: number, note: string): Line {
  const target = `<= ${most} ${unit}`;
  return { name, unit, ours, floor: null, peer: null, ratio: null, target, ok: ours <= most, note };
}
