import { measure, ordered, type RoomListener, sine, writeWav } from "@server-playback/simulator";
import { type Bed, type Player, sleep, wallMs } from "../Bed.js";
import { median, percentile, spread } from "../stats.js";
import type { Line } from "../table.js";

const ROUNDS = 3;
/** Plays a round: 201 and 30 in all. */
const JOINED_PLAYS = 67;
const FIRST_PLAYS = 10;
const SHORT_S = 0.06;
const BEEP_S = 0.2;
/** After a play's end, until the encoder's last packet is surely out, in ms. */
const REST_MS = 60;
/** The beep's edges, so that they do not click, in s. */
const EDGE_S = 0.005;
/** A sound's length at the listener may differ from the file's by this much, in ms: the edges' quiet part. */
const LENGTH_SLACK_MS = 5;

/** From the command to the first packet at a listener. */
export async function latency(bed: Bed): Promise<Line[]> {
  return [...(await joined(bed)), await notJoined(bed)];
}

async function joined(bed: Bed): Promise<Line[]> {
  const url = bed.samples.serve("short.wav", beep(SHORT_S));
  const player = await bed.player();
  await player.join();
  const listener = await bed.listen(player);
  await playOnce(player, url); // the listener has subscribed by its end
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const latencies: number[] = [];
    for (let i = 0; i < JOINED_PLAYS; i++) {
      latencies.push(await toFirstPacket(player, listener, url));
    }
    rounds.push(latencies);
  }
  await listener.close();
  await player.close();
  return [
    line("first packet, joined, p50", rounds, 0.5, 10),
    line("first packet, joined, p95", rounds, 0.95, 25),
  ];
}

/** A percentile over all rounds, with that of each round as the spread. */
function line(name: string, rounds: readonly number[][], p: number, most: number): Line {
  const all = rounds.flat();
  const ours = percentile(all, p);
  const note = `${all.length} plays, ${rounds.length} rounds ${spread(rounds.map((round) => percentile(round, p)))}, all plays ${spread(all)}`;
  const target = `<= ${most} ms`;
  return { name, unit: "ms", ours, floor: null, peer: null, ratio: null, target, ok: ours <= most, note };
}

async function toFirstPacket(player: Player, listener: RoomListener, url: string): Promise<number> {
  await sleep(REST_MS);
  const asked = wallMs();
  const requestId = player.start(url);
  const ended = player.event("play_complete", requestId);
  const first = await listener.firstPacket(asked);
  await ended;
  return first.atMs - asked;
}

async function notJoined(bed: Bed): Promise<Line> {
  const url = bed.samples.serve("beep.wav", beep(BEEP_S));
  const rounds: number[][] = [];
  let cut = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const latencies: number[] = [];
    for (let i = 0; i < FIRST_PLAYS; i++) {
      const heard = await firstPlay(bed, url);
      latencies.push(heard.latencyMs);
      cut += Math.abs(heard.soundMs - BEEP_S * 1000) > LENGTH_SLACK_MS ? 1 : 0;
    }
    rounds.push(latencies);
  }
  const measured = line("first sound, not joined, p95", rounds, 0.95, 200);
  return {
    ...measured,
    target: "<= 200 ms, first sample heard",
    ok: measured.ok === true && cut === 0,
    note: `${measured.note}, p50 ${median(rounds.flat()).toFixed(0)}; ${cut} with a cut beginning`,
  };
}

/** Plays in a new room with a listener in it, and measures the sound itself: silence before it does not count. */
async function firstPlay(bed: Bed, url: string): Promise<{ latencyMs: number; soundMs: number }> {
  const player = await bed.player();
  const listener = await bed.listen(player);
  const asked = wallMs();
  await playOnce(player, url);
  await sleep(REST_MS);
  const heard = await measure(ordered(listener.packets(asked)));
  await listener.close();
  await player.close();
  if (heard === undefined) {
    throw new Error("Nothing was heard of a first play.");
  }
  return { latencyMs: heard.firstPacketAtMs + heard.leadInMs - asked, soundMs: heard.soundMs };
}

async function playOnce(player: Player, url: string): Promise<void> {
  await player.event("play_complete", player.start(url));
}

function beep(seconds: number): Uint8Array {
  const samples = sine(1000, seconds, 48_000);
  const edge = EDGE_S * 48_000;
  const shaped = samples.map((x, i) => x * Math.min(1, i / edge, (samples.length - i) / edge));
  return writeWav({ sampleRate: 48_000, channels: [shaped] });
}
