import { HeldLease } from "./HeldLease.js";
import type { Attempt, Leases } from "./Lease.js";

interface Entry {
  readonly lease: HeldLease;
  readonly owner: MemoryLeases;
}

/** Who owns which user, within one process. Nodes that share a table exclude each other. */
export class LeaseTable {
  readonly entries = new Map<string, Entry>();
  #lastFence = 0;

  /** Grows with the clock, so that a restarted process does not begin below what a bridge remembers. */
  nextFence(): number {
    this.#lastFence = Math.max(Date.now(), this.#lastFence + 1);
    return this.#lastFence;
  }
}

/** Leases of a single node: nothing can be away, so nothing expires. */
export class MemoryLeases implements Leases {
  readonly #table: LeaseTable;

  constructor(table = new LeaseTable()) {
    this.#table = table;
  }

  attempt(user: string): Promise<Attempt> {
    const { entries } = this.#table;
    const holder = entries.get(user);
    if (holder !== undefined && holder.owner !== this) {
      holder.lease.lose("claimed");
      return Promise.resolve({ state: "refused", why: "held" });
    }
    holder?.lease.lose("taken");
    const lease = new HeldLease(user, this.#table.nextFence(), (released) => this.#free(released));
    entries.set(user, { lease, owner: this });
    return Promise.resolve({ state: "granted", lease });
  }

  async close(): Promise<void> {
    const own = [...this.#table.entries.values()].filter(({ owner }) => owner === this);
    await Promise.all(own.map(({ lease }) => lease.release()));
  }

  #free(lease: HeldLease): Promise<void> {
    if (this.#table.entries.get(lease.user)?.lease === lease) {
      this.#table.entries.delete(lease.user);
    }
    return Promise.resolve();
  }
}
