import { powerOfTwo, spectrum } from "./fft.js";
import { decibels } from "./pcm.js";

/** Frequency of the strongest component in Hz, between bins by a parabola; 0 of silence. */
export function dominantFrequency(samples: Float32Array, sampleRate: number): number {
  const size = powerOfTwo(samples.length);
  const { re, im } = spectrum(hann(samples), size);
  const power = (bin: number) => Math.hypot(re[bin] ?? 0, im[bin] ?? 0);
  let peak = 0;
  for (let bin = 1; bin < size / 2; bin++) {
    peak = power(bin) > power(peak) ? bin : peak;
  }
  return peak === 0
    ? 0
    : ((peak + vertex(power(peak - 1), power(peak), power(peak + 1))) * sampleRate) / size;
}

/** Where between -0.5 and 0.5 the parabola through three values, the middle one the highest, peaks. */
export function vertex(left: number, middle: number, right: number): number {
  const curve = left - 2 * middle + right;
  return curve === 0 ? 0 : (left - right) / (2 * curve);
}

/**
 * RMS level of one frequency in dBFS (Goertzel's sum at the exact frequency, Hann-windowed).
 * A sine of amplitude 1 reads -3.01.
 */
export function toneLevelDbfs(samples: Float32Array, sampleRate: number, frequency: number): number {
  let re = 0;
  let im = 0;
  hann(samples).forEach((sample, i) => {
    const angle = (2 * Math.PI * frequency * i) / sampleRate;
    re += sample * Math.cos(angle);
    im -= sample * Math.sin(angle);
  });
  const amplitude = (4 * Math.hypot(re, im)) / samples.length; // 2, and 2 for the window's mean of a half
  return decibels(amplitude / Math.SQRT2);
}

function hann(samples: Float32Array): Float32Array {
  const step = (2 * Math.PI) / samples.length;
  return samples.map((sample, i) => sample * (0.5 - 0.5 * Math.cos(step * i)));
}
