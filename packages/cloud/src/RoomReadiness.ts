import { setTimeout as pause } from "node:timers/promises";
import type { BridgeEvent } from "@server-playback/protocol";
import type { JobErrorCode } from "./speaker-job.js";

/** How long a primary play waits for the glasses to be in the room, in ms, unless set. */
export const LISTENER_WAIT_MS = 2_000;
/** How long a primary play waits for bridge and room together, in ms, unless set. */
export const ROOM_TIMEOUT_MS = 4_000;
/** Between two looks for the glasses, in ms. */
const LOOK_MS = 100;
/** How long the glasses count as there after they were seen, in ms: a look costs a round trip. */
const SEEN_MS = 2_000;

/** Why a play cannot begin. */
export class NotReady extends Error {
  override readonly name = "NotReady";

  constructor(
    readonly code: JobErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export interface ReadinessOptions {
  /** Whether the user's glasses are in the room; a failure means that it cannot be known. */
  isListenerThere(): Promise<boolean>;
  listenerWaitMs?: number | undefined;
  roomTimeoutMs?: number | undefined;
}

/** Whether a user's room can be heard: the bridge is in it, and so are the glasses. Every wait is bounded. */
export class RoomReadiness {
  readonly #options: ReadinessOptions;
  readonly #deadlines = new Map<string, NodeJS.Timeout>();
  #isJoined = false;
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Whether the bridge is in the room, as far as it has said. */
  get isJoined(): boolean {
    return this.#isJoined;
  }

  /** Takes what the bridge says of the room. */
  take(event: BridgeEvent): void {
    switch (event.type) {
      case "room_joined":
      case "play_started":
        this.#isJoined = true;
        break;
      case "connected":
      case "room_left":
      case "room_reconnecting":
        this.#isJoined = false;
        break;
      default:
        break;
    }
  }

  /** The connection to the bridge is gone. */
  reset(): void {
    this.#isJoined = false;
  }

  /**
   * Resolves when the glasses are in the room, or nobody wants to know any more.
   * @throws {NotReady} `no_listener`
   */
  async listener(isWanted: () => boolean): Promise<void> {
    const { listenerWaitMs = LISTENER_WAIT_MS } = this.#options;
    const until = performance.now() + listenerWaitMs;
    while (isWanted() && !(await this.#isThere())) {
      if (performance.now() + LOOK_MS > until) {
        throw new NotReady("no_listener", `The glasses were not in the room within ${listenerWaitMs} ms.`);
      }
      await pause(LOOK_MS);
    }
  }

  /** Calls `late` once, unless {@link unwatch} comes in time. */
  watch(requestId: string, late: () => void, timeoutMs = this.#options.roomTimeoutMs): void {
    this.unwatch(requestId);
    this.#deadlines.set(requestId, setTimeout(late, timeoutMs ?? ROOM_TIMEOUT_MS));
  }

  unwatch(requestId: string): void {
    clearTimeout(this.#deadlines.get(requestId));
    this.#deadlines.delete(requestId);
  }

  async #isThere(): Promise<boolean> {
    if (performance.now() - this.#seenAt < SEEN_MS) {
      return true;
    }
    const isThere = await this.#options.isListenerThere().catch(() => false);
    if (isThere) {
      this.#seenAt = performance.now();
    }
    return isThere;
  }
}
