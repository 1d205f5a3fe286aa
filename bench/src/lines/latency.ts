import { measure, ordered, type RoomListener, sine, writeWav } from "@server-playback/simulator";
import { type Bed, type Player, sleep, wallMs } from "../Bed.js";
import { median, percentile, spread } from "../stats.js";
import type { Line } from "../table.js";

const JOINED_PLAYS = 200;
const FIRST_PLAYS = 30;
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
  const latencies: number[] = [];
  for (let i = 0; i < JOINED_PLAYS; i++) {
    latencies.push(await toFirstPacket(player, listener, url));
  }
  await listener.close();
  await player.close();
  const note = `${JOINED_PLAYS} plays, ${spread(latencies)}`;
  const line = { unit: "ms", floor: null, peer: null, ratio: null, note };
  const [p50, p95] = [median(latencies), percentile(latencies, 0.95)];
  return [
    { name: "first packet, joined, p50", ...line, ours: p50, target: "<= 10 ms", ok: p50 <= 10 },
    { name: "first packet, joined, p95", ...line, ours: p95, target: "<= 25 ms", ok: p95 <= 25 },
  ];
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
  const latencies: number[] = [];
  let cut = 0;
  for (let i = 0; i < FIRST_PLAYS; i++) {
    const heard = await firstPlay(bed, url);
    latencies.push(heard.latencyMs);
    cut += Math.abs(heard.soundMs - BEEP_S * 1000) > LENGTH_SLACK_MS ? 1 : 0;
  }
  const p95 = percentile(latencies, 0.95);
  return {
    name: "first sound, not joined, p95",
    unit: "ms",
    ours: p95,
    floor: null,
    peer: null,
    ratio: null,
    target: "<= 200 ms, first sample heard",
    ok: p95 <= 200 && cut === 0,
    note: `${FIRST_PLAYS} rooms, p50 ${median(latencies).toFixed(0)}, ${spread(latencies)}; ${cut} with a cut beginning`,
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
