/**
 * Reads Prometheus' text exposition format, version 0.0.4: the value of each sample by its name and
 * labels as they are written.
 */
export function readSamples(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^#\s{]+(?:\{.*\})?) (\S+)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      samples.set(name, Number(value));
    }
  }
  return samples;
}

/** The share of a histogram's observations in buckets up to `le`; `undefined` before the first one. */
export function shareUpTo(
  samples: ReadonlyMap<string, number>,
  name: string,
  le: number,
): number | undefined {
  const count = samples.get(`${name}_count`) ?? 0;
  const upTo = samples.get(`${name}_bucket{le="${le}"}`);
  return count === 0 || upTo === undefined ? undefined : upTo / count;
}
