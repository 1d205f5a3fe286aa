import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Closable } from "../closers.js";
import { poll, WAIT_MS } from "../wait.js";

/** How long a process may take to end by itself before it is killed, in ms, unless set. */
const END_TIMEOUT_MS = 5_000;
/** Last lines of a process that are told when it fails. */
const TAIL_LINES = 15;

/** A process that could not be started or ended before its time; the message holds its last lines. */
export class ProcessError extends Error {
  override readonly name = "ProcessError";
}

export interface ProcessOptions {
  /** Names the process in messages, and its log file. */
  name: string;
  command: string;
  args?: readonly string[];
  /** Added to what every process gets: PATH, HOME and the like. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Where `<name>.log` is written. */
  logDir: string;
  /** Resolves when the process serves; tried again and again until it does. */
  ready?: () => Promise<void>;
  readyTimeoutMs?: number;
  endTimeoutMs?: number;
  /** Opens an IPC channel. */
  ipc?: boolean;
  /** Told each line of standard output and error. */
  onLine?: (line: string) => void;
}

/** Everything that runs; none of it outlives this process. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
});

/** A child process with a log file, ended by {@link close}. */
export class ManagedProcess implements Closable {
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #tail: string[] = [];
  readonly #ended = new AbortController();
  /** Resolves with the exit code when it has ended; null if a signal ended it. */
  readonly exited: Promise<number | null>;
  #closed: Promise<void> | undefined;

  private constructor(options: ProcessOptions) {
    const { name, command, args = [], env, logDir, ipc = false } = options;
    this.#options = options;
    mkdirSync(logDir, { recursive: true });
    this.#log = createWriteStream(path.join(logDir, `${name}.log`));
    this.#child = spawn(command, [...args], {
      env: { ...inherited(), ...env },
      stdio: ipc ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
    running.add(this.#child);
    this.#read(this.#child.stdout);
    this.#read(this.#child.stderr);
    this.exited = this.#watch();
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws {ProcessError} it ended before that, or was not ready in time; it is gone then
   */
  static async start(options: ProcessOptions): Promise<ManagedProcess> {
    const started = new ManagedProcess(options);
    const { ready, readyTimeoutMs = WAIT_MS, name } = options;
    try {
      if (ready !== undefined) {
        await poll(name, ready, { timeoutMs: readyTimeoutMs, signal: started.#ended.signal });
      }
      return started;
    } catch (error) {
      await started.close();
      throw started.#failure(error);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return !this.#ended.signal.aborted;
  }

  /** Aborted when the process has ended, for whatever reason. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Sends over the IPC channel. */
  send(message: object): void {
    this.#child.send(message);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#child.on("message", listener);
  }

  /** Ends it as an operator would, after a bound by force. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  async #close(): Promise<void> {
    this.#child.kill("SIGTERM");
    const force = setTimeout(() => this.#child.kill("SIGKILL"), this.#options.endTimeoutMs ?? END_TIMEOUT_MS);
    await this.exited;
    clearTimeout(force);
  }

  #watch(): Promise<number | null> {
    return new Promise((resolve) => {
      const end = (why: string, code: number | null = null) => {
        running.delete(this.#child);
        this.#ended.abort(new ProcessError(`${this.#options.name} ended (${why})`));
        this.#log.end(() => resolve(code));
      };
      this.#child.once("error", (error) => {
        this.#tail.push(error.message);
        end("could not be started");
      });
      this.#child.once("close", (code, signal) => end(signal ?? `code ${code}`, code));
    });
  }

  #read(stream: NodeJS.ReadableStream | null): void {
    if (stream === null) {
      return;
    }
    createInterface({ input: stream }).on("line", (line) => {
      this.#log.write(`${line}\n`);
      this.#tail.push(line);
      this.#tail.splice(0, this.#tail.length - TAIL_LINES);
      this.#options.onLine?.(line);
    });
  }

  #failure(error: unknown): ProcessError {
    const why = error instanceof Error ? error.message : String(error);
    const lines = this.#tail.map((line) => `  ${line}`).join("\n");
    return new ProcessError(`${this.#options.name} did not start: ${why}\n${lines}`);
  }
}

/** What a process needs of this one's environment; settings are passed by name. */
function inherited(): Record<string, string | undefined> {
  const names = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "SystemRoot"];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Resolves if the URL answers with a status below 400. */
export async function probeHttp(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
  await response.body?.cancel();
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
}
