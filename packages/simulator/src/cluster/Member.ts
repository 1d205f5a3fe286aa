import type { Closable } from "../closers.js";

/** What a member runs: a process that can end orderly, or as by a crash. */
export interface Running extends Closable {
  kill(): Promise<void>;
}

/** One process of the topology, which can be ended and started again at its own address. */
export class Member<T extends Running = Running> implements Closable {
  readonly #start: () => Promise<T>;
  #running: T | undefined;

  constructor(
    readonly name: string,
    start: () => Promise<T>,
  ) {
    this.#start = start;
  }

  get running(): T {
    if (this.#running === undefined) {
      throw new Error(`${this.name} does not run.`);
    }
    return this.#running;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  async start(): Promise<void> {
    this.#running = await this.#start();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.kill();
  }

  /** Ends it as an operator would. */
  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.close();
  }
}
