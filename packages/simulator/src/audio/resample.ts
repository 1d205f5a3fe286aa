/** Zero crossings of the kernel on each side: a transition band of about 4 % of the lower rate. */
const ZERO_CROSSINGS = 64;
/** Kaiser window parameter for about 100 dB of stop-band attenuation (Kaiser 1974: 0.1102 (A - 8.7)). */
const KAISER_BETA = 10;
/** Kernel values a zero crossing; between them it is interpolated linearly. */
const TABLE_DENSITY = 512;

const table = kernelTable();

/**
 * Band-limited interpolation by a Kaiser-windowed sinc (J. O. Smith, "Digital Audio Resampling"), in
 * double precision: slow and exact, for references. Output sample n lies at input time n / toRate.
 * @param shift moves the sound later by this many output samples, a fraction too
 */
export function resample(input: Float32Array, fromRate: number, toRate: number, shift = 0): Float32Array {
  if (fromRate === toRate && shift === 0) {
    return input;
  }
  const output = new Float32Array(Math.round((input.length * toRate) / fromRate));
  const scale = Math.min(1, toRate / fromRate);
  for (let n = 0; n < output.length; n++) {
    output[n] = interpolate(input, ((n - shift) * fromRate) / toRate, scale);
  }
  return output;
}

/** The input's value at a fractional position, limited to `scale` of its band. */
function interpolate(input: Float32Array, position: number, scale: number): number {
  const reach = ZERO_CROSSINGS / scale;
  const first = Math.max(0, Math.ceil(position - reach));
  const last = Math.min(input.length - 1, Math.floor(position + reach));
  let sum = 0;
  for (let i = first; i <= last; i++) {
    sum += (input[i] as number) * kernel(Math.abs(position - i) * scale);
  }
  return sum * scale;
}

function kernel(crossings: number): number {
  const at = crossings * TABLE_DENSITY;
  const index = Math.floor(at);
  const low = table[index] ?? 0;
  return low + (at - index) * ((table[index + 1] ?? 0) - low);
}

function kernelTable(): Float64Array {
  const length = ZERO_CROSSINGS * TABLE_DENSITY + 2;
  return Float64Array.from({ length }, (_, i) => {
    const x = i / TABLE_DENSITY;
    const inside = Math.max(0, 1 - (x / ZERO_CROSSINGS) ** 2);
    return sinc(x) * (bessel0(KAISER_BETA * Math.sqrt(inside)) / bessel0(KAISER_BETA));
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
