/** Level of full scale's reciprocal below which a meter shows nothing, in dB. */
export const meterFloorDb = -60;

/** What a block of samples amounts to. */
export interface Loudness {
  /** Root mean square in dB below full scale; -Infinity for digital silence. */
  readonly rmsDb: number;
  /** Highest absolute sample, 0 to 1. */
  readonly peak: number;
}

/** Measures samples of -1 to 1. */
export function measureLoudness(samples: ArrayLike<number>): Loudness {
  let sum = 0;
  let peak = 0;
  for (let index = 0; index < samples.length; index++) {
    const sample = samples[index] ?? 0;
    sum += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return { rmsDb: 10 * Math.log10(sum / Math.max(1, samples.length)), peak };
}

/** How much of a meter a level fills, 0 to 1. */
export function meterFill(db: number): number {
  return Math.min(1, Math.max(0, 1 - db / meterFloorDb));
}
