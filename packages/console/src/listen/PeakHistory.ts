/** How much time one column of the waveform stands for, in ms. */
export const columnMs = 40;

/** The highest peaks of the last while, a column each {@link columnMs}; the oldest leave. */
export class PeakHistory {
  readonly #peaks: Float32Array;
  #columns = 0;
  #startedAt: number | undefined;

  constructor(readonly length: number) {
    this.#peaks = new Float32Array(length);
  }

  /** Notes a peak (0 to 1) heard at a time in ms; columns without a note in between are silent. */
  add(peak: number, nowMs: number): void {
    this.#startedAt ??= nowMs;
    const column = Math.floor((nowMs - this.#startedAt) / columnMs);
    const skipped = Math.min(column + 1 - this.#columns, this.length);
    for (let back = skipped - 1; back >= 0; back--) {
      this.#peaks[(column - back) % this.length] = 0;
    }
    this.#columns = Math.max(this.#columns, column + 1);
    const slot = column % this.length;
    this.#peaks[slot] = Math.max(this.#peaks[slot] ?? 0, peak);
  }

  /** The peaks, oldest first; time before the first note is silent. */
  read(): number[] {
    const oldest = this.#columns;
    return Array.from(this.#peaks, (_, index) => this.#peaks[(oldest + index) % this.length] ?? 0);
  }
}
