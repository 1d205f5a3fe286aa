import type { Logger } from "../../logger.js";
import { DiskCache } from "./DiskCache.js";
import { MemoryCache } from "./MemoryCache.js";

export interface SpeechCacheOptions {
  readonly memoryBytes: number;
  /** Absent: memory only. */
  readonly folder?: string | undefined;
  readonly diskBytes: number;
}

/** Whole speeches by their key: in memory, and behind it on disk if there is a folder for it. */
export class SpeechCache {
  readonly #memory: MemoryCache;
  readonly #disk: DiskCache | undefined;

  constructor({ memoryBytes, folder, diskBytes }: SpeechCacheOptions, log: Logger) {
    this.#memory = new MemoryCache(memoryBytes);
    this.#disk = folder === undefined ? undefined : new DiskCache(folder, diskBytes, log);
  }

  async get(key: string): Promise<Buffer | undefined> {
    const known = this.#memory.get(key);
    if (known !== undefined || this.#disk === undefined) {
      return known;
    }
    const found = await this.#disk.get(key);
    if (found !== undefined) {
      this.#memory.set(key, found);
    }
    return found;
  }

  set(key: string, pcm: Buffer): void {
    this.#memory.set(key, pcm);
    this.#disk?.set(key, pcm);
  }

  /** Resolves when everything that was set is on disk. */
  async close(): Promise<void> {
    await this.#disk?.settled();
  }
}
