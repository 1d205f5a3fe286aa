import { levelDbfs } from "../audio/pcm.js";
import { dominantFrequency } from "../audio/tone.js";
import { writeWav } from "../audio/wav.js";
import { decodeMono } from "../room/decode.js";
import { type ArrivedPacket, isServerSilence, ordered, TICKS_PER_MS } from "../room/packets.js";

const RATE = 48_000;
/** Frequency tells the place in the sound: it rises by so many Hz a second ... */
const HZ_PER_S = 200;
/** ... from one of these, so that neighbouring sounds are told apart. */
const BANDS_HZ = [500, 1_500, 2_500] as const;
/** What is looked at at once, in samples, and the step to the next. */
const FRAME = 2_048;
const HOP = 960;
const HOP_MS = (HOP * 1000) / RATE;
/** A quieter frame is silence. */
const SILENCE_DBFS = -35;
/** A frame may be so far off its place: the frame's own length, and a fade's. */
const SLACK_HOPS = 2;

/** What a listener heard of one sound, in ms. */
export interface Heard {
  /** Of the sound, what was never heard, and what was heard a second time. */
  readonly lostMs: number;
  readonly twiceMs: number;
  /** Of other sounds than this one and those just before and after. */
  readonly foreignMs: number;
  /** The longest time without a packet, between the first and the last. */
  readonly silenceMs: number;
}

/** A sound whose every moment is known by its frequency. */
export function sweep(index: number, ms: number): Uint8Array<ArrayBuffer> {
  const start = bandOf(index);
  const samples = new Float32Array((ms * RATE) / 1000).map((_, i) => {
    const t = i / RATE;
    return 0.3 * Math.sin(2 * Math.PI * (start * t + (HZ_PER_S * t * t) / 2));
  });
  return writeWav({ sampleRate: RATE, channels: [samples] });
}

/** Finds one sound in what arrived; each list holds the packets of one publication. */
export async function findSweep(
  tracks: readonly (readonly ArrivedPacket[])[],
  index: number,
  ms: number,
): Promise<Heard> {
  const frequencies = (await Promise.all(tracks.map(frequenciesOf))).flat();
  const places = frequencies.map((hz) => ((hz - bandOf(index)) / HZ_PER_S) * 1000);
  const own = places.filter((place) => place > -HOP_MS * SLACK_HOPS && place < ms + HOP_MS * SLACK_HOPS);
  const covered = new Set(own.map((place) => Math.round(place / HOP_MS)));
  const isHeard = (hop: number) => [-2, -1, 0, 1, 2].some((off) => covered.has(hop + off));
  const hops = Array.from({ length: Math.floor(ms / HOP_MS) - 1 }, (_, hop) => hop);
  const lost = hops.filter((hop) => !isHeard(hop)).length;
  return {
    lostMs: lost * HOP_MS,
    twiceMs: Math.max(0, (own.length - (hops.length - lost) - 2 * SLACK_HOPS) * HOP_MS),
    foreignMs: (frequencies.length - own.length) * HOP_MS,
    silenceMs: longestPause(tracks.flat()),
  };
}

function bandOf(index: number): number {
  return BANDS_HZ[index % BANDS_HZ.length] as number;
}

/** The frequency of each frame that is not silent. */
async function frequenciesOf(packets: readonly ArrivedPacket[]): Promise<number[]> {
  const sounding = ordered(packets.filter(({ payload }) => !isServerSilence(payload)));
  const samples = await decodeMono(sounding);
  const found: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += HOP) {
    const frame = samples.subarray(at, at + FRAME);
    if (levelDbfs(frame) > SILENCE_DBFS) {
      found.push(dominantFrequency(frame, RATE));
    }
  }
  return found;
}

function longestPause(packets: readonly ArrivedPacket[]): number {
  const times = packets
    .filter(({ payload }) => !isServerSilence(payload))
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b);
  const pauses = times.slice(1).map((time, i) => time - (times[i] as number) - 960 / TICKS_PER_MS);
  return pauses.reduce((longest, pause) => Math.max(longest, pause), 0);
}
