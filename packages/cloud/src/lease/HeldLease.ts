import type { Lease, LossReason } from "./Lease.js";

/** A lease in its holder's hands. Its store extends it; unextended it is lost at its time. */
export class HeldLease implements Lease {
  readonly #lost = new AbortController();
  readonly #giveUp: (lease: HeldLease) => Promise<void>;
  #expiry: NodeJS.Timeout | undefined;
  #release: Promise<void> | undefined;

  /** `giveUp` tells the store; it must not reject. */
  constructor(
    readonly user: string,
    readonly fence: number,
    giveUp: (lease: HeldLease) => Promise<void>,
  ) {
    this.#giveUp = giveUp;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the holder may drive the room. */
  get isHeld(): boolean {
    return !this.#lost.signal.aborted && this.#release === undefined;
  }

  /** Held for so long from now on, in ms, unless extended again. */
  extend(forMs: number): void {
    clearTimeout(this.#expiry);
    if (this.isHeld) {
      this.#expiry = setTimeout(() => this.lose("unreachable"), Math.max(0, forMs));
    }
  }

  lose(why: LossReason): void {
    clearTimeout(this.#expiry);
    if (this.isHeld) {
      this.#lost.abort(why);
    }
  }

  release(): Promise<void> {
    clearTimeout(this.#expiry);
    this.#release ??= this.#giveUp(this);
    return this.#release;
  }
}
