/** The value below which the share `p` (0 to 1) of the samples lies, by the nearest rank. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(p * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** From the least to the greatest, as text. */
export function spread(samples: readonly number[]): string {
  return `${figure(Math.min(...samples))}..${figure(Math.max(...samples))}`;
}

/** A figure with three significant digits. */
export function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "-";
}
