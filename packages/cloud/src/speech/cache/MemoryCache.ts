/** Whole speeches in memory, bounded in bytes; the least recently used go first. */
export class MemoryCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Buffer>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Buffer | undefined {
    const pcm = this.#entries.get(key);
    if (pcm !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, pcm);
    }
    return pcm;
  }

  set(key: string, pcm: Buffer): void {
    this.#remove(key);
    if (pcm.length > this.#maxBytes) {
      return;
    }
    this.#entries.set(key, pcm);
    this.#bytes += pcm.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) {
        return;
      }
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0;
    this.#entries.delete(key);
  }
}
