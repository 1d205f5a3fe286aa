import { inverseFft, powerOfTwo, type Spectrum, spectrum } from "./fft.js";
import { cut, decibels, rms } from "./pcm.js";
import { MEASURE_RATE } from "./reference.js";
import { resample } from "./resample.js";
import { vertex } from "./tone.js";

/** Length of the windows of which the worst counts, in ms. */
export const WINDOW_MS = 200;
/** Windows this much below the whole original's level, in dB, say nothing about likeness. */
const QUIET_DB = -40;

/** How like an original what was heard is. */
export interface Likeness {
  /** Where the original's first sample lies in what was heard, in samples. */
  readonly offset: number;
  /** Normalised correlation over the whole original, -1 to 1; 1 is the same but for the level. */
  readonly overall: number;
  /** The same over the least like {@link WINDOW_MS}. */
  readonly worst: number;
  /** Where in the original that is, in ms. */
  readonly worstAtMs: number;
  /** Level of what was heard beside the original's, in dB. */
  readonly levelDb: number;
}

/**
 * Aligns the original with what was heard, both mono at {@link MEASURE_RATE}, and compares them there.
 * A sound that was cut short counts as silent where it is missing.
 */
export function likeness(heard: Float32Array, original: Float32Array): Likeness {
  const offset = align(heard, original);
  const whole = Math.floor(offset);
  const shifted = resample(original, MEASURE_RATE, MEASURE_RATE, offset - whole);
  const against = cut(heard, whole, original.length);
  return {
    offset,
    overall: correlation(against, shifted),
    ...worstWindow(against, shifted),
    levelDb: decibels(rms(against) / rms(shifted)),
  };
}

/** Where in `heard` `original` begins, in samples and fractions, by the highest cross-correlation. */
export function align(heard: Float32Array, original: Float32Array): number {
  const size = powerOfTwo(heard.length + original.length);
  const product = spectrum(heard, size);
  multiplyByConjugate(product, spectrum(original, size));
  inverseFft(product);
  const at = (lag: number) => product.re[(lag + size) % size] as number;
  let best = 0;
  for (let lag = -original.length + 1; lag < heard.length; lag++) {
    best = at(lag) > at(best) ? lag : best;
  }
  return best + vertex(at(best - 1), at(best), at(best + 1));
}

/** Normalised correlation of two signals of one length; 0 if either is silent. */
export function correlation(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

function worstWindow(heard: Float32Array, original: Float32Array): { worst: number; worstAtMs: number } {
  const length = Math.min(original.length, (WINDOW_MS * MEASURE_RATE) / 1000);
  const quiet = rms(original) * 10 ** (QUIET_DB / 20);
  let worst = 1;
  let worstAt = 0;
  for (const at of windowStarts(original.length, length)) {
    const window = original.subarray(at, at + length);
    const like = rms(window) < quiet ? 1 : correlation(heard.subarray(at, at + length), window);
    [worst, worstAt] = like < worst ? [like, at] : [worst, worstAt];
  }
  return { worst, worstAtMs: (worstAt * 1000) / MEASURE_RATE };
}

/** Windows that overlap by three quarters; the last one ends with the sound. */
function windowStarts(total: number, length: number): number[] {
  const step = Math.ceil(length / 4);
  const starts = Array.from({ length: Math.ceil((total - length) / step) }, (_, i) => i * step);
  return [...starts, total - length];
}

function multiplyByConjugate(a: Spectrum, b: Spectrum): void {
  for (let i = 0; i < a.re.length; i++) {
    const [x, y] = [a.re[i] as number, a.im[i] as number];
    const [u, v] = [b.re[i] as number, b.im[i] as number];
    a.re[i] = x * u + y * v;
    a.im[i] = y * u - x * v;
  }
}
