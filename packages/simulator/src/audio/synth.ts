import type { Pcm } from "./pcm.js";

/** Random numbers in [0, 1) that are the same for the same seed (mulberry32, T. Ettinger). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A sine; `amplitude` 1 is full scale. */
export function sine(frequency: number, seconds: number, sampleRate: number, amplitude = 0.5): Float32Array {
  const step = (2 * Math.PI * frequency) / sampleRate;
  return Float32Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, i) => amplitude * Math.sin(step * i),
  );
}

/** A pentatonic scale over two octaves, in Hz. */
const scale = [220, 247.5, 275, 330, 371.25, 440, 495, 550, 660, 742.5];
const NOTE_S = 0.18;
/** Edges are softened by this much, so that the sound lasts from its first sample to its last. */
const EDGE_S = 0.004;

/**
 * A tune that never repeats, so that no two stretches of it are alike: plucked notes with overtones
 * that wander between left and right. Stereo, peak below 0.8.
 */
export function tune(seed: number, seconds: number, sampleRate: number): Pcm {
  const random = seeded(seed);
  const length = Math.round(seconds * sampleRate);
  const channels = [new Float32Array(length), new Float32Array(length)] as const;
  for (let start = 0; start < seconds; start += NOTE_S) {
    const frequency = (scale[Math.floor(random() * scale.length)] as number) * (1 + 0.02 * random());
    pluck(channels, { frequency, pan: 0.25 + random() / 2, at: Math.round(start * sampleRate), sampleRate });
  }
  channels.forEach((channel) => {
    soften(channel, Math.round(EDGE_S * sampleRate));
  });
  return { sampleRate, channels };
}

interface Note {
  frequency: number;
  /** 0 is left, 1 is right. */
  pan: number;
  /** First sample. */
  at: number;
  sampleRate: number;
}

const overtones = [0.5, 0.22, 0.12, 0.07, 0.04, 0.02] as const;

function pluck([left, right]: readonly [Float32Array, Float32Array], note: Note): void {
  const length = Math.min(Math.round(0.6 * note.sampleRate), left.length - note.at);
  for (let i = 0; i < length; i++) {
    const t = i / note.sampleRate;
    const attack = Math.min(1, t / 0.003);
    let value = 0;
    overtones.forEach((amplitude, k) => {
      value += amplitude * Math.exp(-t * (4 + 3 * k)) * Math.sin(2 * Math.PI * note.frequency * (k + 1) * t);
    });
    left[note.at + i] = (left[note.at + i] as number) + 0.6 * attack * value * (1 - note.pan);
    right[note.at + i] = (right[note.at + i] as number) + 0.6 * attack * value * note.pan;
  }
}

function soften(channel: Float32Array, edge: number): void {
  for (let i = 0; i < edge; i++) {
    const end = channel.length - 1 - i;
    channel[i] = (channel[i] as number) * (i / edge);
    channel[end] = (channel[end] as number) * (i / edge);
  }
}
