import type { WasmImports, WasmInstance, WasmMemory } from "./webassembly.js";

/** `errno` values of WASI preview 1. */
const SUCCESS = 0;
const BADF = 8;
/** `filetype` of a regular file. */
const REGULAR_FILE = 4;

/** Descriptors beyond the standard streams: the root, there from the start, and the file that is written. */
const ROOT = 3;
const OUTPUT = 4;

/** Ends a program from within a call that it makes. */
class Exit {
  constructor(readonly code: number) {}
}

/**
 * What flite needs of WASI preview 1 and no more: arguments, a clock, and one file to write, which stays
 * in memory. There is no file system, no environment and no input behind it, whatever a text makes the
 * program try.
 */
export class WasiHost {
  readonly #written: Buffer[] = [];
  #args: Buffer[] = [];
  #memory: WasmMemory = { buffer: new ArrayBuffer(0) };

  /** What the program has written to its file. */
  get written(): Buffer {
    return Buffer.concat(this.#written);
  }

  /** Runs a program that was made with {@link imports} to its end; returns its exit code. */
  run(instance: WasmInstance, args: readonly string[]): number {
    const { memory, _start } = instance.exports;
    this.#memory = memory as WasmMemory;
    this.#args = args.map((arg) => Buffer.from(`${arg.replaceAll("\0", " ")}\0`));
    try {
      (_start as () => void)();
      return 0;
    } catch (error) {
      if (error instanceof Exit) {
        return error.code;
      }
      throw error;
    }
  }

  /** The functions that the program imports. Pointers are into its memory, sizes in bytes. */
  get imports(): WasmImports {
    return {
      wasi_snapshot_preview1: {
        args_sizes_get: (count: number, size: number) => this.#argsSizes(count, size),
        args_get: (pointers: number, text: number) => this.#argsGet(pointers, text),
        clock_time_get: (_clock: number, _precision: bigint, time: number) => this.#clock(time),
        fd_prestat_get: (fd: number, stat: number) => this.#prestat(fd, stat),
        fd_prestat_dir_name: (_fd: number, name: number) => this.#rootName(name),
        path_open: (...args: number[]) => this.#open(args[8] as number),
        fd_write: (fd: number, vectors: number, count: number, size: number) =>
          this.#write(fd, vectors, count, size),
        fd_fdstat_get: (_fd: number, stat: number) => this.#stat(stat),
        fd_fdstat_set_flags: () => SUCCESS,
        fd_seek: () => BADF,
        fd_read: () => BADF,
        fd_close: () => SUCCESS,
        proc_exit: (code: number) => {
          throw new Exit(code);
        },
      },
    };
  }

  /** The program's memory as it is now: growing replaces the buffer. */
  get #bytes(): Buffer {
    return Buffer.from(this.#memory.buffer);
  }

  #argsSizes(count: number, size: number): number {
    const bytes = this.#bytes;
    bytes.writeUInt32LE(this.#args.length, count);
    bytes.writeUInt32LE(Buffer.concat(this.#args).length, size);
    return SUCCESS;
  }

  #argsGet(pointers: number, text: number): number {
    const bytes = this.#bytes;
    let at = text;
    for (const [i, arg] of this.#args.entries()) {
      bytes.writeUInt32LE(at, pointers + 4 * i);
      at += arg.copy(bytes, at);
    }
    return SUCCESS;
  }

  #clock(time: number): number {
    this.#bytes.writeBigUInt64LE(BigInt(Date.now()) * 1_000_000n, time);
    return SUCCESS;
  }

  #prestat(fd: number, stat: number): number {
    if (fd !== ROOT) {
      return BADF;
    }
    const bytes = this.#bytes;
    bytes.writeUInt32LE(0, stat); // a directory
    bytes.writeUInt32LE(1, stat + 4); // its name's length
    return SUCCESS;
  }

  #rootName(name: number): number {
    this.#bytes.write("/", name);
    return SUCCESS;
  }

  #open(fd: number): number {
    this.#bytes.writeUInt32LE(OUTPUT, fd);
    return SUCCESS;
  }

  /** Takes what is written to the file, and drops what is meant for people. */
  #write(fd: number, vectors: number, count: number, size: number): number {
    const bytes = this.#bytes;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const at = bytes.readUInt32LE(vectors + 8 * i);
      const length = bytes.readUInt32LE(vectors + 8 * i + 4);
      total += length;
      if (fd === OUTPUT) {
        this.#written.push(Buffer.from(bytes.subarray(at, at + length)));
      }
    }
    bytes.writeUInt32LE(total, size);
    return SUCCESS;
  }

  #stat(stat: number): number {
    const bytes = this.#bytes;
    bytes.fill(0, stat, stat + 24);
    bytes.writeUInt8(REGULAR_FILE, stat);
    bytes.fill(0xff, stat + 8, stat + 24); // every right
    return SUCCESS;
  }
}
