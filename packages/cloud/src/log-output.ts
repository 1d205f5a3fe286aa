import { fstatSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { DestinationStream } from "pino";

/** Lines that may wait to be written, in bytes; what is more is dropped. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Writes log lines to a file descriptor and lets nobody wait: a reader who is slow or stuck, or a full
 * disk, costs lines and never a sound. (`process.stdout` blocks on files, and pino's own destination
 * waits for ever at the end of the process.)
 */
export function openLogOutput(fd: number): DestinationStream {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket() ? new PipeOutput(fd) : new FileOutput(fd);
}

/** A pipe, written without blocking: a thread that is stuck in a write would hold up the process's end. */
class PipeOutput implements DestinationStream {
  readonly #pipe: Socket;

  constructor(fd: number) {
    this.#pipe = new Socket({ fd, readable: false, writable: true });
    this.#pipe.on("error", () => {}); // its reader is gone: there is nobody to tell
    this.#pipe.unref();
  }

  write(line: string): void {
    if (this.#pipe.writableLength < MAX_WAITING_BYTES) {
      this.#pipe.write(line);
    }
  }
}

/** A file or a terminal. What waits at the process's end is tried once. */
class FileOutput implements DestinationStream {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #isWriting = false;

  constructor(fd: number) {
    this.#fd = fd;
    process.once("exit", () => this.#writeLast());
  }

  write(line: string): void {
    const data = Buffer.from(line);
    if (this.#bytes + data.length <= MAX_WAITING_BYTES) {
      this.#waiting.push(data);
      this.#bytes += data.length;
      this.#next();
    }
  }

  #next(): void {
    if (this.#isWriting || this.#waiting.length === 0) {
      return;
    }
    this.#isWriting = true;
    const data = Buffer.concat(this.#waiting);
    this.#waiting = [];
    write(this.#fd, data, (error, written) => {
      this.#isWriting = false;
      const left = data.subarray(error === null ? written : data.length); // a full disk takes nothing
      this.#bytes -= data.length - left.length;
      if (left.length > 0) {
        this.#waiting.unshift(left);
      }
      this.#next();
    });
  }

  #writeLast(): void {
    try {
      writeSync(this.#fd, Buffer.concat(this.#waiting));
    } catch {
      // nobody reads, or there is no room
    }
  }
}
