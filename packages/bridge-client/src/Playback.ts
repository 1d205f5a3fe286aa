import { randomUUID } from "node:crypto";
import type {
  BridgeCommand,
  BridgeCommandOf,
  BridgeEvent,
  BridgeEventOf,
  ErrorCode,
} from "@server-playback/protocol";
import type { BridgeClient } from "./BridgeClient.js";
import { BridgeClientError } from "./errors.js";
import { Listeners } from "./listeners.js";

/** What to play, and how; the room and its token are needed until the connection has joined. */
export interface PlayOptions extends Omit<BridgeCommandOf<"play_url">, "action" | "requestId"> {
  /** Absent: one is made up. */
  requestId?: string | undefined;
  /** Stops the play, whatever it has come to. */
  signal?: AbortSignal | undefined;
}

/** How a play ended that did not fail. `durationMs` is the media time that was played out, in ms. */
export type PlayResult =
  | { readonly outcome: "completed"; readonly durationMs: number }
  | { readonly outcome: "stopped"; readonly durationMs: number; readonly reason: string };

/** A play that failed. `code` is stable; `message` is for people. */
export class PlaybackError extends Error {
  override readonly name = "PlaybackError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Media time that was played out before it failed, in ms. */
    readonly durationMs: number,
  ) {
    super(message);
  }
}

/** What a play needs of a connection, or of a session that outlives its connections. */
export interface PlayLine {
  /** The present connection, if there is one. */
  client(): BridgeClient | undefined;
  onEvent(listener: (event: BridgeEvent) => void): () => void;
  /** Told when the session goes on with another connection. */
  onResumed(listener: () => void): () => void;
  /** Told once, at the end. */
  onClose(listener: () => void): () => void;
}

/** Everything that a {@link Playback} tells while it runs. */
export interface PlaybackEvents {
  started: BridgeEventOf<"play_started">;
  /** Once a second while it plays. */
  progress: BridgeEventOf<"play_progress">;
  paused: BridgeEventOf<"play_paused">;
  resumed: BridgeEventOf<"play_resumed">;
}

/**
 * One play, obtained with {@link BridgeSession.play} or {@link BridgeClient.play}. Its promises may be
 * left alone: one that nobody waits for does not end the process when it rejects.
 */
export class Playback {
  readonly requestId: string;
  /**
   * Resolves when the first packet was sent.
   * @throws {PlaybackError} it failed before that
   * @throws {BridgeClientError} `aborted` if it was stopped before that; `closed`
   */
  readonly started: Promise<BridgeEventOf<"play_started">>;
  /**
   * Resolves when the last sample's play-out time has passed, or the play was stopped.
   * @throws {PlaybackError} it failed
   * @throws {BridgeClientError} `refused` or `invalid_command`: the command was wrong; `closed`: the
   * connection ended before the play did
   */
  readonly finished: Promise<PlayResult>;
  readonly #line: PlayLine;
  readonly #command: BridgeCommandOf<"play_url">;
  readonly #listeners = new Listeners<PlaybackEvents & Record<string, unknown>>();
  readonly #started = deferred<BridgeEventOf<"play_started">>();
  readonly #finished = deferred<PlayResult>();
  #leave: () => void = () => {};
  #isOver = false;
  #positionMs = 0;

  /** Sends the command. What is wrong with it rejects both promises. */
  constructor(line: PlayLine, { signal, requestId = randomUUID(), ...play }: PlayOptions) {
    this.#line = line;
    this.#command = { ...play, action: "play_url", requestId };
    this.requestId = requestId;
    this.started = this.#started.promise;
    this.finished = this.#finished.promise;
    if (signal?.aborted) {
      this.#fail(new BridgeClientError("aborted", "The caller gave the call up."));
      return;
    }
    this.#listen(signal);
    this.#ask();
  }

  /** How much has been played out, in ms, as the bridge told last. */
  get positionMs(): number {
    return this.#positionMs;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Listens to one kind of event; returns what ends the listening. Listeners must not throw. */
  on<Name extends keyof PlaybackEvents>(
    name: Name,
    listener: (event: PlaybackEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener as (event: unknown) => void);
  }

  /** Holds the sound; resolves when the bridge has taken it. @throws {BridgeClientError} `refused`, `closed`, `timeout` */
  pause(): Promise<void> {
    return this.#tell({ action: "pause_playback", requestId: this.requestId });
  }

  /** Lets the sound go on. @throws as {@link pause} */
  resume(): Promise<void> {
    return this.#tell({ action: "resume_playback", requestId: this.requestId });
  }

  /** Goes on at this position, in ms of media time. @throws as {@link pause} */
  seek(positionMs: number): Promise<void> {
    return this.#tell({ action: "seek_playback", requestId: this.requestId, positionMs });
  }

  /** Moves the volume (linear, 0 to 1) within `rampMs`, in ms. @throws as {@link pause} */
  setVolume(volume: number, rampMs?: number): Promise<void> {
    const ramp = rampMs === undefined ? {} : { rampMs };
    return this.#tell({ action: "set_volume", requestId: this.requestId, volume, ...ramp });
  }

  /** Stops the sound with a short fade and waits for its end. Harmless on a play that is over. */
  async stop(reason = "user"): Promise<PlayResult> {
    if (!this.#isOver) {
      await this.#tell({ action: "stop_playback", requestId: this.requestId, reason });
    }
    return await this.finished;
  }

  /** Also again after an interruption, in which the command may have been lost: it is the same play. */
  #ask(): void {
    this.#tell(this.#command).catch((error: unknown) => {
      const isLost = error instanceof BridgeClientError && error.code === "closed";
      if (!isLost) {
        this.#fail(error);
      }
    });
  }

  /** An answer to a later ping says that the bridge took the command: it answers in order. */
  async #tell(command: BridgeCommand): Promise<void> {
    const client = this.#line.client();
    if (client === undefined) {
      throw new BridgeClientError("closed", "There is no connection to the bridge now.");
    }
    const pingId = `taken-${randomUUID()}`;
    const isAnswer = (event: BridgeEvent) => event.type === "pong" && event.requestId === pingId;
    const taken = client.request(command, (event) => isAnswer(event) || undefined);
    if (client.isOpen) {
      client.send({ action: "ping", requestId: pingId });
    }
    await taken;
  }

  #listen(signal: AbortSignal | undefined): void {
    const abort = () => void this.stop("aborted").catch(() => {});
    signal?.addEventListener("abort", abort, { once: true });
    const leaves = [
      this.#line.onEvent((event) => this.#take(event)),
      this.#line.onResumed(() => this.#ask()),
      this.#line.onClose(() =>
        this.#fail(new BridgeClientError("closed", "The connection to the bridge ended during the play.")),
      ),
      () => signal?.removeEventListener("abort", abort),
    ];
    this.#leave = () => {
      for (const leave of leaves) {
        leave();
      }
    };
  }

  #take(event: BridgeEvent): void {
    if (!("requestId" in event) || event.requestId !== this.requestId) {
      return;
    }
    switch (event.type) {
      case "play_started":
        this.#started.resolve(event);
        this.#listeners.emit("started", event);
        break;
      case "play_progress":
        this.#positionMs = event.positionMs;
        this.#listeners.emit("progress", event);
        break;
      case "play_paused":
        this.#positionMs = event.positionMs;
        this.#listeners.emit("paused", event);
        break;
      case "play_resumed":
        this.#positionMs = event.positionMs;
        this.#listeners.emit("resumed", event);
        break;
      case "play_complete":
        this.#complete(event);
        break;
      default:
        break;
    }
  }

  #complete(event: BridgeEventOf<"play_complete">): void {
    const { durationMs = 0 } = event;
    this.#positionMs = durationMs;
    if (event.success) {
      this.#end({ outcome: "completed", durationMs });
    } else if (event.error === "cancelled") {
      this.#end({ outcome: "stopped", durationMs, reason: event.reason ?? "unknown" });
    } else {
      this.#fail(new PlaybackError(event.error, event.message ?? event.error, durationMs));
    }
  }

  #end(result: PlayResult): void {
    this.#over();
    this.#finished.resolve(result);
    this.#started.reject(new BridgeClientError("aborted", "The play was stopped before it started."));
  }

  #fail(error: unknown): void {
    this.#over();
    this.#finished.reject(error);
    this.#started.reject(error);
  }

  #over(): void {
    this.#isOver = true;
    this.#leave();
    this.#listeners.clear();
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers`, which Node 20 has not; and nobody has to wait for it. */
function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => {});
  return { promise, ...(settle as Omit<Deferred<T>, "promise">) };
}
