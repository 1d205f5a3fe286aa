/** Complex numbers, their parts apart; the length is a power of two. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The power of two that is at least `n`. */
export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/** Spectrum of a real signal, with zeros up to `size` (a power of two). */
export function spectrum(samples: Float32Array, size: number): Spectrum {
  const re = new Float64Array(size);
  re.set(samples);
  const s = { re, im: new Float64Array(size) };
  fft(s);
  return s;
}

/** In-place forward FFT, radix 2, decimation in time (Cooley and Tukey 1965). */
function fft({ re, im }: Spectrum): void {
  reorder(re, im);
  for (let half = 1; half < re.length; half *= 2) {
    butterflies(re, im, half);
  }
}

/** In-place inverse, by the forward transform of the swapped parts; scaled by 1 / length. */
export function inverseFft({ re, im }: Spectrum): void {
  fft({ re: im, im: re });
  for (let i = 0; i < re.length; i++) {
    re[i] = (re[i] as number) / re.length;
    im[i] = (im[i] as number) / re.length;
  }
}

function reorder(re: Float64Array, im: Float64Array): void {
  for (let i = 1, j = 0; i < re.length; i++) {
    let bit = re.length >> 1;
    for (; j & bit; bit >>= 1) {
      j ^= bit;
    }
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j] as number, re[i] as number];
      [im[i], im[j]] = [im[j] as number, im[i] as number];
    }
  }
}

function butterflies(re: Float64Array, im: Float64Array, half: number): void {
  const cos = Float64Array.from({ length: half }, (_, k) => Math.cos((Math.PI * k) / half));
  const sin = Float64Array.from({ length: half }, (_, k) => -Math.sin((Math.PI * k) / half));
  for (let start = 0; start < re.length; start += 2 * half) {
    for (let k = 0; k < half; k++) {
      const [a, b] = [start + k, start + k + half];
      const x = (re[b] as number) * (cos[k] as number) - (im[b] as number) * (sin[k] as number);
      const y = (re[b] as number) * (sin[k] as number) + (im[b] as number) * (cos[k] as number);
      re[b] = (re[a] as number) - x;
      im[b] = (im[a] as number) - y;
      re[a] = (re[a] as number) + x;
      im[a] = (im[a] as number) + y;
    }
  }
}
