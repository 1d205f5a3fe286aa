import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../logger.js";

/** A file's beginning: what it is, and the SHA-256 of the samples that follow. */
const MAGIC = Buffer.from("SPEECH1\n", "latin1");
const HASH_BYTES = 32;
const SUFFIX = ".speech";
/** What an unfinished write has left behind is removed after so long, in ms. */
const STALE_MS = 60 * 60_000;

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedAt: number;
}

/**
 * Whole speeches as files in a folder that several processes may share: a file appears whole, under its
 * final name, or not at all. What is damaged counts as missing. The folder is kept below a limit in
 * bytes; the files that were used least recently, by their modification time, go first. No fault of the
 * disk reaches the one who asks: it is logged, and the speech is made again.
 */
export class DiskCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #log: Logger;
  #work: Promise<void> = Promise.resolve();

  constructor(folder: string, maxBytes: number, log: Logger) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  async get(key: string): Promise<Buffer | undefined> {
    const path = this.#path(key);
    try {
      const pcm = unpack(await readFile(path));
      const now = new Date();
      await (pcm === undefined ? rm(path, { force: true }) : utimes(path, now, now));
      return pcm;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Writes one after another, so that a burst takes little of the disk; {@link settled} waits for it. */
  set(key: string, pcm: Buffer): void {
    if (pcm.length <= this.#maxBytes) {
      this.#work = this.#work.then(() => this.#write(key, pcm)).catch((error) => this.#failed(error));
    }
  }

  /** Resolves when everything that was set is written. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #write(key: string, pcm: Buffer): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#folder, `${key}.${randomBytes(6).toString("hex")}.tmp`);
    try {
      await writeFile(unfinished, pack(pcm), { mode: 0o600, flag: "wx" });
      await rename(unfinished, this.#path(key));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await this.#trim();
  }

  async #trim(): Promise<void> {
    const [finished, unfinished] = [await this.#entries(SUFFIX), await this.#entries(".tmp")];
    let bytes = finished.reduce((sum, entry) => sum + entry.bytes, 0);
    for (const entry of finished.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= this.#maxBytes) {
        break;
      }
      await rm(entry.path, { force: true });
      bytes -= entry.bytes;
    }
    for (const { path, usedAt } of unfinished) {
      if (usedAt < Date.now() - STALE_MS) {
        await rm(path, { force: true });
      }
    }
  }

  /** This cache's files; what another process removes meanwhile is left out. */
  async #entries(suffix: string): Promise<Entry[]> {
    const names = (await readdir(this.#folder)).filter((name) => isOurs(name) && name.endsWith(suffix));
    const found = await Promise.all(
      names.map(async (name): Promise<Entry | undefined> => {
        const path = join(this.#folder, name);
        const info = await stat(path).catch(() => undefined);
        return info && { path, bytes: info.size, usedAt: info.mtimeMs };
      }),
    );
    return found.filter((entry) => entry !== undefined);
  }

  #path(key: string): string {
    return join(this.#folder, `${key}${SUFFIX}`);
  }

  #failed(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") {
      this.#log.warn(
        { folder: this.#folder, code },
        "the cache of speech cannot be used; check TTS_CACHE_DIR",
      );
    }
  }
}

function isOurs(name: string): boolean {
  return /^[0-9a-f]{64}\./.test(name);
}

function pack(pcm: Buffer): Buffer {
  return Buffer.concat([MAGIC, hashOf(pcm), pcm]);
}

function unpack(file: Buffer): Buffer | undefined {
  const head = MAGIC.length + HASH_BYTES;
  const pcm = file.subarray(head);
  const isWhole =
    file.length > head &&
    file.subarray(0, MAGIC.length).equals(MAGIC) &&
    file.subarray(MAGIC.length, head).equals(hashOf(pcm));
  return isWhole ? pcm : undefined;
}

function hashOf(pcm: Buffer): Buffer {
  return createHash("sha256").update(pcm).digest();
}
