import type { Logger } from "../logger.js";
import { acquire } from "./acquire.js";
import type { Lease, Leases, LossReason } from "./Lease.js";

/** How long a play waits for the right to drive its room, in ms. */
const OWNERSHIP_WAIT_MS = 3_000;

/** This node may not drive the user's room now. */
export class NotOwnerError extends Error {
  override readonly name = "NotOwnerError";
}

type State =
  | { readonly state: "idle" }
  | { readonly state: "asking"; readonly abort: AbortController; readonly asking: Promise<Lease | undefined> }
  | { readonly state: "owned"; readonly lease: Lease }
  | { readonly state: "over" };

/**
 * Whether one session of this node drives its user's room. Asked for when the user comes, kept until the
 * session is over, or the user was seen elsewhere. Whoever loses it lets go of the room, then
 * calls {@link release}.
 */
export class RoomOwnership {
  readonly #leases: Leases;
  readonly #user: string;
  readonly #log: Logger;
  readonly #onLost: (why: LossReason) => void;
  #state: State = { state: "idle" };

  constructor(leases: Leases, user: string, log: Logger, onLost: (why: LossReason) => void) {
    this.#leases = leases;
    this.#user = user;
    this.#log = log;
    this.#onLost = onLost;
  }

  /** The fencing token for the room's commands, while it is owned. */
  get fence(): number | undefined {
    return this.#state.state === "owned" ? this.#state.lease.fence : undefined;
  }

  /** Asks for the room, in the background, until it is had. */
  claim(): void {
    if (this.#state.state === "idle") {
      const abort = new AbortController();
      const asking = this.#ask(abort.signal);
      this.#state = { state: "asking", abort, asking };
    }
  }

  /**
   * The fencing token, once the room is owned.
   * @throws {NotOwnerError} not within {@link OWNERSHIP_WAIT_MS}
   */
  async hold(): Promise<number> {
    this.claim();
    if (this.#state.state === "asking") {
      await Promise.race([this.#state.asking, afterOwnershipWait()]);
    }
    if (this.fence === undefined) {
      throw new NotOwnerError("Another node has the user's room, or the store of leases is away.");
    }
    return this.fence;
  }

  /** Gives the room up; it may be claimed again. */
  async release(): Promise<void> {
    const before = this.#state;
    this.#state = { state: "idle" };
    if (before.state === "asking") {
      before.abort.abort();
      await before.asking;
    } else if (before.state === "owned") {
      await before.lease.release();
    }
  }

  /** Gives the room up for good. */
  async close(): Promise<void> {
    const released = this.release();
    this.#state = { state: "over" };
    await released;
  }

  async #ask(signal: AbortSignal): Promise<Lease | undefined> {
    let told: string | undefined;
    const lease = await acquire(this.#leases, this.#user, signal, (why) => {
      if (told !== why) {
        told = why;
        this.#log.info({ why }, "the user's room is not to be had yet");
      }
    });
    if (lease !== undefined) {
      this.#own(lease);
    }
    return lease;
  }

  #own(lease: Lease): void {
    this.#state = { state: "owned", lease };
    this.#log.debug({ fence: lease.fence }, "the user's room is owned");
    const lost = () => {
      if (this.#state.state === "owned" && this.#state.lease === lease) {
        this.#log.info({ why: lease.lost.reason, fence: lease.fence }, "the user's room is lost");
        this.#onLost(lease.lost.reason as LossReason);
      }
    };
    lease.lost.addEventListener("abort", lost, { once: true });
    if (lease.lost.aborted) {
      lost();
    }
  }
}

function afterOwnershipWait(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, OWNERSHIP_WAIT_MS).unref();
  });
}
