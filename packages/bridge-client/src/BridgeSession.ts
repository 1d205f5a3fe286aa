import { setTimeout } from "node:timers/promises";
import type { BridgeCommand, BridgeEventOf } from "@server-playback/protocol";
import {
  BridgeClient,
  type BridgeClientEvents,
  type BridgeClosed,
  type ConnectOptions,
  type Resume,
} from "./BridgeClient.js";
import { BridgeClientError } from "./errors.js";
import { Listeners } from "./listeners.js";
import { Playback, type PlayOptions } from "./Playback.js";

/** For how long a lost connection is tried to be made again, unless set: the bridge's own grace time. */
export const RESUME_TIMEOUT_MS = 30_000;
/** Upper ends of the random waits between attempts, in ms; the last one repeats. */
export const RETRY_MS: readonly number[] = [0, 100, 200, 400, 800, 1_600];

// Close codes (RFC 6455, section 7.4.1): of this side's goodbye, of a bridge that has ended the session,
// of a connection that broke off, and the private one of a connection whose session another one has.
const NORMAL = 1000;
const GOING_AWAY = 1001;
const ABNORMAL = 1006;
const TAKEN_OVER = 4001;

/**
 * Why a session is over, though this side did not end it:
 * - `bridge_closed`: the bridge ended it, as at its own end
 * - `forgotten`: the bridge does not know it any more, or is another one by now
 * - `taken_over`: another connection has it
 * - `unreachable`: no connection came about in time
 */
export type LostReason = "bridge_closed" | "forgotten" | "taken_over" | "unreachable";

export interface SessionOptions extends Omit<ConnectOptions, "resume"> {
  resumeTimeoutMs?: number | undefined;
}

/** What a {@link BridgeSession} tells: what a {@link BridgeClient} does, each event once, and these. */
export interface BridgeSessionEvents extends BridgeClientEvents {
  /** The connection is lost, and is being made again; sounds go on meanwhile. */
  interrupted: BridgeClosed;
  /** The session goes on; the events that were missed come next. */
  resumed: { interruptedMs: number };
  /** The session is over, though this side did not end it; `close` follows, last. */
  lost: { reason: LostReason };
}

interface Interrupted {
  is: "interrupted";
  sinceMs: number;
  abort: AbortController;
}

/** A session's connection, or the making of one. */
type State = { is: "open"; client: BridgeClient } | Interrupted | { is: "over" };

/**
 * A session on a bridge that outlives its connections: a lost one is made again, events are neither
 * missed nor doubled. A command that was sent right before an interruption may have been lost with the
 * connection: `resumed` is the time to ask again (a play with the same `requestId` is the same play).
 */
export class BridgeSession {
  readonly #url: string;
  readonly #options: SessionOptions;
  readonly #listeners = new Listeners<BridgeSessionEvents & Record<string, unknown>>();
  readonly #greeting: BridgeEventOf<"connected">;
  #state: State;

  private constructor(url: string, options: SessionOptions, client: BridgeClient) {
    this.#url = url;
    this.#options = options;
    this.#greeting = client.bridge;
    this.#state = { is: "open", client };
    this.#follow(client);
  }

  /** Opens a session; throws what {@link BridgeClient.connect} throws. */
  static async connect(url: string, options: SessionOptions = {}): Promise<BridgeSession> {
    return new BridgeSession(url, options, await BridgeClient.connect(url, options));
  }

  /** What the bridge said of itself at the session's beginning. */
  get bridge(): BridgeEventOf<"connected"> {
    return this.#greeting;
  }

  /** Whether commands can be sent now. */
  get isOpen(): boolean {
    return this.#state.is === "open" && this.#state.client.isOpen;
  }

  /** The present connection, for requests and PCM; undefined while there is none. */
  get client(): BridgeClient | undefined {
    return this.#state.is === "open" ? this.#state.client : undefined;
  }

  /** Listens to one kind of event; returns what ends the listening. */
  on<Name extends keyof BridgeSessionEvents>(
    name: Name,
    listener: (event: BridgeSessionEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener as (event: unknown) => void);
  }

  /** Sends a command. @throws {BridgeClientError} as {@link BridgeClient.send}; `closed` while interrupted */
  send(command: BridgeCommand): void {
    if (this.#state.is !== "open") {
      throw new BridgeClientError("closed", "The connection to the bridge is being made again.");
    }
    this.#state.client.send(command);
  }

  /** Plays a sound; the handle tells how it goes and controls it. It goes on over an interruption. */
  play(options: PlayOptions): Playback {
    return new Playback(
      {
        client: () => this.client,
        onEvent: (listener) => this.on("event", listener),
        onResumed: (listener) => this.on("resumed", listener),
        onClose: (listener) => this.on("close", listener),
      },
      options,
    );
  }

  /** Ends the session: what plays stops. It never fails. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#end({ wanted: true, code: NORMAL });
    if (state.is === "open") {
      await state.client.close();
    } else if (state.is === "interrupted") {
      state.abort.abort();
    }
  }

  #follow(client: BridgeClient): void {
    client.on("event", (event) => {
      this.#listeners.emit(event.type, event);
      this.#listeners.emit("event", event);
    });
    client.on("pcm", (pcm) => this.#listeners.emit("pcm", pcm));
    client.on("close", (end) => this.#interrupt(client, end));
  }

  #interrupt(client: BridgeClient, end: BridgeClosed): void {
    if (this.#state.is !== "open" || this.#state.client !== client) {
      return;
    }
    const { sessionId, lastSeq: after } = client;
    if (end.code === TAKEN_OVER || end.code === GOING_AWAY || sessionId === undefined) {
      this.#lose(end.code === TAKEN_OVER ? "taken_over" : "bridge_closed", end.code);
      return;
    }
    const interrupted = {
      is: "interrupted",
      sinceMs: performance.now(),
      abort: new AbortController(),
    } as const;
    this.#state = interrupted;
    this.#listeners.emit("interrupted", end);
    void this.#comeBack(interrupted, { sessionId, after });
  }

  /** Tries to connect until that succeeds, makes no sense or has taken too long. */
  async #comeBack({ sinceMs, abort }: Interrupted, resume: Resume): Promise<void> {
    const deadline = sinceMs + (this.#options.resumeTimeoutMs ?? RESUME_TIMEOUT_MS);
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      await pause(retryMs(attempt), abort.signal);
      const outcome = await this.#attempt(resume, abort.signal);
      if (abort.signal.aborted) {
        return;
      }
      if (outcome === "forgotten") {
        this.#lose("forgotten");
        return;
      }
      if (outcome !== "failed") {
        this.#state = { is: "open", client: outcome };
        this.#follow(outcome);
        this.#listeners.emit("resumed", { interruptedMs: performance.now() - sinceMs });
        return;
      }
    }
    this.#lose("unreachable");
  }

  async #attempt(resume: Resume, signal: AbortSignal): Promise<BridgeClient | "failed" | "forgotten"> {
    try {
      const client = await BridgeClient.connect(this.#url, { ...this.#options, resume, signal });
      if (client.resumed && !signal.aborted) {
        return client;
      }
      await client.close();
      return "forgotten";
    } catch {
      return "failed";
    }
  }

  #lose(reason: LostReason, code = ABNORMAL): void {
    this.#listeners.emit("lost", { reason });
    this.#end({ wanted: false, code });
  }

  #end(end: BridgeClosed): void {
    if (this.#state.is !== "over") {
      this.#state = { is: "over" };
      this.#listeners.emit("close", end);
      this.#listeners.clear();
    }
  }
}

/** Opens a session on a bridge that outlives its connections: {@link BridgeSession.connect}. */
export const connect: typeof BridgeSession.connect = (url, options) => BridgeSession.connect(url, options);

/** A random wait up to the attempt's bound, so that many sessions do not come back at one moment. */
function retryMs(attempt: number): number {
  return Math.random() * (RETRY_MS[attempt] ?? RETRY_MS.at(-1) ?? 0);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {}); // aborted: the caller looks
}
