import {
  inRepository,
  type Pcm,
  type Reference,
  readReference,
  sine,
  toReference,
  tune,
  writeWav,
} from "@server-playback/simulator";
import type { BridgeRig } from "./BridgeRig.js";

/** A sound that a test serves, and what should be heard of it. */
export interface Sound {
  readonly url: string;
  readonly reference: Reference;
  readonly data: Uint8Array<ArrayBuffer>;
}

let next = 1;

/** Serves samples as a WAV. */
function serveWav(rig: BridgeRig, pcm: Pcm): Sound {
  const data = writeWav(pcm);
  return { url: rig.samples.serve(`test-${next++}.wav`, data), reference: toReference(pcm), data };
}

/** Serves a tune of so many seconds; the same seed is the same tune. */
export function serveTune(
  rig: BridgeRig,
  seconds: number,
  { seed = 11, rate = 48_000, mono = false } = {},
): Sound {
  const { sampleRate, channels } = tune(seed, seconds, rate);
  return serveWav(rig, { sampleRate, channels: mono ? channels.slice(0, 1) : channels });
}

/** Serves the sum of sines of one amplitude. */
export function serveTones(
  rig: BridgeRig,
  frequencies: readonly number[],
  { seconds = 1, rate = 48_000, amplitude = 0.25 } = {},
): Sound {
  const tones = frequencies.map((frequency) => sine(frequency, seconds, rate, amplitude));
  const [first = new Float32Array()] = tones;
  const sum = first.map((_, i) => tones.reduce((total, tone) => total + (tone[i] ?? 0), 0));
  return serveWav(rig, { sampleRate: rate, channels: [sum] });
}

/** A file of `samples/`. */
export async function sample(rig: BridgeRig, name: string): Promise<{ url: string; reference: Reference }> {
  return { url: rig.samples.url(name), reference: await readReference(inRepository("samples", name)) };
}
