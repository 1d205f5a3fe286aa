import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { inRepository, sine, writeWav } from "@server-playback/simulator";
import { Bed, closeAll, JOINS, type Player, sleep } from "../Bed.js";
import { residentBytes } from "../process.js";
import { figure, median, spread } from "../stats.js";
import type { Line } from "../table.js";

const ROUNDS = 3;
const ROOMS = 50;
const STREAMS = 20;
const PLAYS = 500;
const WARM_PLAYS = 300;
const AT_ONCE = 20;
const WINDOW_MS = 4_000;
/** What a garbage collector gives back late is given time to. */
const SETTLE_MS = 3_000;
const MB = 1e6;

/** Memory of a joined idle room and of a playing stream, allocations a packet, growth over many plays. */
export async function memory(bed: Bed): Promise<Line[]> {
  const loads: Load[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    loads.push(await withFreshBed(load));
  }
  const of = (pick: (load: Load) => number) => loads.map(pick);
  return [
    line(
      "memory, joined idle room",
      "MB",
      of(({ room }) => room),
      1.2,
      `${ROOMS} rooms`,
    ),
    line(
      "memory, playing stream, beyond its room",
      "MB",
      of(({ stream }) => stream),
      1,
      `${STREAMS} streams`,
    ),
    await ownAllocations(),
    {
      ...line(
        "allocations a packet, whole process",
        "count",
        of(({ allocations }) => allocations),
        0,
        "",
      ),
      target: null,
      ok: null,
      note: `with what WebRTC and its reports take; ${spread(of(({ allocations }) => allocations))}`,
    },
    await plays(bed),
  ];
}

/** What a packet allocates from the audio server's socket to the network library, by the bridge's own benchmark. */
async function ownAllocations(): Promise<Line> {
  const args = [
    "test",
    "-run",
    "^$",
    "-bench",
    "^BenchmarkFetchedPacket$",
    "-benchtime",
    "3000x",
    "-count",
    `${ROUNDS}`,
    ".",
  ];
  const { stdout } = await promisify(execFile)("go", args, { cwd: inRepository("livekit-client-2") });
  const each = [...stdout.matchAll(/(\d+) allocs\/op/g)].map(([, count]) => Number(count));
  if (each.length === 0) {
    throw new Error(`BenchmarkFetchedPacket did not run: ${stdout}`);
  }
  return line(
    "allocations a packet, up to the network",
    "count",
    each,
    0,
    "fetching, decoding, mixing, encoding",
  );
}

/** Memory is measured from an empty bridge each time: what one round leaves free, the next would use. */
async function withFreshBed<T>(measure: (bed: Bed) => Promise<T>): Promise<T> {
  const bed = await Bed.start();
  try {
    return await measure(bed);
  } finally {
    await bed.close();
  }
}

/** MB of a joined idle room, and more of one that plays; allocations a packet. */
interface Load {
  readonly room: number;
  readonly stream: number;
  readonly allocations: number;
}

async function load(bed: Bed): Promise<Load> {
  const empty = residentBytes(bed.bridge.pid);
  const rooms = await joinedRooms(bed);
  const idle = residentBytes(bed.bridge.pid);
  const url = bed.samples.url(path.basename(bed.longMp3));
  await Promise.all(rooms.slice(0, STREAMS).map((player) => player.play(url)));
  await sleep(SETTLE_MS);
  const [mallocs, packets] = await counters(bed);
  await sleep(WINDOW_MS);
  const [mallocsAfter, packetsAfter] = await counters(bed);
  const playing = residentBytes(bed.bridge.pid);
  await closeAll(rooms);
  return {
    room: (idle - empty) / ROOMS / MB,
    stream: (playing - idle) / STREAMS / MB,
    allocations: (mallocsAfter - mallocs) / (packetsAfter - packets),
  };
}

async function joinedRooms(bed: Bed): Promise<Player[]> {
  const players: Player[] = [];
  while (players.length < ROOMS) {
    const some = await Promise.all(Array.from({ length: JOINS }, () => bed.player()));
    await Promise.all(some.map((player) => player.join()));
    players.push(...some);
  }
  await sleep(SETTLE_MS);
  return players;
}

async function counters(bed: Bed): Promise<[mallocs: number, packets: number]> {
  return [await bed.metric("go_memstats_mallocs_total"), await bed.metric("bridge_packets_total")];
}

/** Many short plays, some at a time: what memory they leave behind. */
async function plays(bed: Bed): Promise<Line> {
  const url = bed.samples.serve(
    "short.wav",
    writeWav({ sampleRate: 48_000, channels: [sine(440, 0.06, 48_000)] }),
  );
  const players = await Promise.all(Array.from({ length: AT_ONCE }, () => bed.player()));
  const round = () => Promise.all(players.map((player) => player.event("play_complete", player.start(url))));
  const marks: number[] = [];
  for (let played = 0; played <= WARM_PLAYS + ROUNDS * PLAYS; played += players.length) {
    if (played >= WARM_PLAYS && (played - WARM_PLAYS) % PLAYS === 0) {
      marks.push(residentBytes(bed.bridge.pid) / MB);
    }
    await round();
  }
  await closeAll(players);
  const grown = marks.slice(1).map((mark, i) => mark - (marks[i] ?? 0));
  const note = `after ${WARM_PLAYS} plays to warm up: ${marks.map(figure).join(", ")} MB`;
  return line(`memory growth over ${PLAYS} plays`, "MB", grown, 4, note);
}

function line(name: string, unit: string, rounds: readonly number[], most: number, what: string): Line {
  const ours = median(rounds);
  const target = `<= ${most} ${unit}`;
  const note = `${what}; ${rounds.length} rounds ${spread(rounds)}`;
  return { name, unit, ours, floor: null, peer: null, ratio: null, target, ok: ours <= most, note };
}
