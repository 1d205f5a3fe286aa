/** Sound as floats in [-1, 1], one array a channel, all of one length. */
export interface Pcm {
  /** Samples a second, in Hz. */
  readonly sampleRate: number;
  readonly channels: readonly Float32Array[];
}

/** Length in samples of each channel. */
export function frameCount(pcm: Pcm): number {
  return pcm.channels[0]?.length ?? 0;
}

/** Length in ms. */
export function durationMs(pcm: Pcm): number {
  return (frameCount(pcm) * 1000) / pcm.sampleRate;
}

/** The mean of all channels: how a bridge that publishes mono mixes down. */
export function downmix(pcm: Pcm): Float32Array {
  const [first, ...others] = pcm.channels;
  const mono = Float32Array.from(first ?? []);
  for (const other of others) {
    for (let i = 0; i < mono.length; i++) {
      mono[i] = (mono[i] ?? 0) + (other[i] ?? 0);
    }
  }
  return others.length === 0 ? mono : mono.map((sample) => sample / pcm.channels.length);
}

/** Root mean square; 0 of nothing. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** A ratio of amplitudes in dB; -Infinity of 0. */
export function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

/** Level in dB below full scale, where a full-scale square wave is 0 dB; -Infinity of silence. */
export function levelDbfs(samples: Float32Array): number {
  return decibels(rms(samples));
}

/** Part of `samples` that may reach beyond either end, where it is silent. */
export function cut(samples: Float32Array, from: number, length: number): Float32Array {
  const out = new Float32Array(length);
  const start = Math.max(0, from);
  const end = Math.min(samples.length, from + length);
  if (end > start) {
    out.set(samples.subarray(start, end), start - from);
  }
  return out;
}
