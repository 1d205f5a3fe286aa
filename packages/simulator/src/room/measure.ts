import { type Likeness, likeness } from "../audio/likeness.js";
import { levelDbfs } from "../audio/pcm.js";
import { MEASURE_RATE, type Reference } from "../audio/reference.js";
import { decodeMono } from "./decode.js";
import { findGaps, type Gaps } from "./gaps.js";
import { type OrderedPacket, TICKS_PER_MS } from "./packets.js";

/** How late a packet may come before it counts as a gap, in ms, unless set: a usual jitter buffer's start. */
export const LATE_MS = 60;
/** Samples below this, in dBFS, are silence: Opus itself rings at about -55 after a sound's end. */
export const SILENCE_DBFS = -50;

/** One sound as it arrived. All times in ms. */
export interface Heard {
  /** Wall clock of the arrival of the first and the last packet that carry sound; of silence, of any. */
  readonly firstPacketAtMs: number;
  readonly lastPacketAtMs: number;
  readonly packets: number;
  /** Sound time from the first packet's beginning to the last one's end. */
  readonly packetsMs: number;
  /** From the first sample above {@link SILENCE_DBFS} to the last. */
  readonly soundMs: number;
  /** Where the first of those lies after the first packet's beginning. */
  readonly leadInMs: number;
  readonly levelDbfs: number;
  readonly gaps: Gaps;
  /** The decoded sound, mono at 48 kHz. */
  readonly samples: Float32Array;
}

/** Measures the packets of one sound; undefined if none came. */
export async function measure(
  packets: readonly OrderedPacket[],
  lateMs = LATE_MS,
): Promise<Heard | undefined> {
  const [first, last] = [packets[0], packets.at(-1)];
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const samples = await decodeMono(packets);
  const extent = soundExtent(samples);
  return {
    ...arrival(packets, extent),
    packets: packets.length,
    packetsMs: (last.position + last.length - first.position) / TICKS_PER_MS,
    soundMs: extent.ms,
    leadInMs: extent.atMs,
    levelDbfs: levelDbfs(samples),
    gaps: findGaps(packets, lateMs),
    samples,
  };
}

/** When the packets that hold a sound's first and last sample arrived. */
function arrival(packets: readonly OrderedPacket[], { atMs, ms }: { atMs: number; ms: number }) {
  const start = packets[0]?.position ?? 0;
  const end = ms === 0 ? Number.POSITIVE_INFINITY : start + (atMs + ms) * TICKS_PER_MS;
  const carrying = packets.filter(
    ({ position, length }) => position + length > start + atMs * TICKS_PER_MS && position < end,
  );
  const times = carrying.map((packet) => packet.atMs);
  return {
    firstPacketAtMs: times[0] ?? 0,
    lastPacketAtMs: times.reduce((latest, time) => Math.max(latest, time), 0),
  };
}

/** From the first to the last sample that is not silence. Both 0 if all is. */
export function soundExtent(samples: Float32Array, sampleRate = MEASURE_RATE): { atMs: number; ms: number } {
  const threshold = 10 ** (SILENCE_DBFS / 20);
  const isSound = (sample: number) => Math.abs(sample) >= threshold;
  const first = samples.findIndex(isSound);
  const last = samples.findLastIndex(isSound);
  return first < 0
    ? { atMs: 0, ms: 0 }
    : { atMs: (first * 1000) / sampleRate, ms: ((last + 1 - first) * 1000) / sampleRate };
}

/** What was heard beside the original. */
export interface Comparison extends Likeness {
  /** How much longer than the original's own sound the heard sound was, in ms. */
  readonly lengthErrorMs: number;
}

/** Compares a sound that was heard with its original. */
export function compare(heard: Heard, reference: Reference): Comparison {
  return {
    ...likeness(heard.samples, reference.samples),
    lengthErrorMs: heard.soundMs - soundExtent(reference.samples).ms,
  };
}
