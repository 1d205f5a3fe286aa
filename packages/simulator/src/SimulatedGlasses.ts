import {
  type CloudToGlasses,
  CloudToGlassesSchema,
  type GlassesToCloud,
  type LiveKitAccess,
  parseMessage,
} from "@server-playback/protocol";
import { WebSocket } from "ws";
import { decodeReference } from "./audio/reference.js";
import type { Closable } from "./closers.js";
import type { RoomListener } from "./room/RoomListener.js";
import type { RoomTap } from "./room/RoomTap.js";
import { Waiters } from "./wait.js";

type PlayRequest = Extract<CloudToGlasses, { type: "audio_play_request" }>;

/** Finds the length of a sound in ms, or rejects if there is none. */
export type SoundLength = (url: string, signal: AbortSignal) => Promise<number>;

export interface GlassesOptions {
  /** The cloud's http(s) URL. */
  url: string;
  /** JWT (HS256) with the user in `email`. */
  token: string;
  /** Ask for the room. Default true. */
  livekit?: boolean;
  /** Default: fetches the sound and decodes it, with decoders of its own. */
  soundLength?: SoundLength;
}

/** What the glasses told of one play. */
export interface GlassesReport {
  readonly requestId: string;
  readonly success: boolean;
  /** What they played, in ms. */
  readonly durationMs?: number | undefined;
  readonly error?: string | undefined;
}

interface Playing {
  readonly request: PlayRequest;
  readonly abort: AbortController;
}

/**
 * Glasses as the phone speaks for them: they take a play, wait as long as the sound lasts, and answer.
 * As on the real phone an interrupted play is reported as a success.
 */
export class SimulatedGlasses implements Closable {
  readonly #socket: WebSocket;
  readonly #soundLength: SoundLength;
  readonly #waiters = new Waiters();
  readonly #received: CloudToGlasses[] = [];
  readonly #reports: GlassesReport[] = [];
  readonly #playing = new Map<string, Playing>();
  readonly #closed: Promise<void>;

  private constructor(options: GlassesOptions) {
    this.#soundLength = options.soundLength ?? fetchLength;
    const url = `${options.url.replace(/^http/, "ws")}/glasses-ws`;
    this.#socket = new WebSocket(url, {
      headers: {
        authorization: `Bearer ${options.token}`,
        ...(options.livekit === false ? {} : { livekit: "true" }),
      },
    });
    this.#closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#end();
        resolve();
      });
    });
    this.#socket.on("error", (error) => this.#waiters.fail(error));
    this.#socket.on("message", (data) => this.#receive(data.toString()));
  }

  /** Connects and waits for the cloud's acknowledgement. */
  static async connect(options: GlassesOptions): Promise<SimulatedGlasses> {
    const glasses = new SimulatedGlasses(options);
    try {
      await glasses.until("connection_ack", () => glasses.ack);
      return glasses;
    } catch (error) {
      await glasses.close();
      throw error;
    }
  }

  /** The cloud's acknowledgement. */
  get ack(): Extract<CloudToGlasses, { type: "connection_ack" }> | undefined {
    return this.#received.find((message) => message.type === "connection_ack");
  }

  /** Every message of the cloud. */
  get received(): readonly CloudToGlasses[] {
    return this.#received;
  }

  /** What was answered, in the order of the answers. */
  get reports(): readonly GlassesReport[] {
    return this.#reports;
  }

  /** The user's room. @throws {Error} the cloud named none */
  get room(): LiveKitAccess {
    const room = this.ack?.livekit;
    if (room === undefined) {
      throw new Error("The cloud named no room.");
    }
    return room;
  }

  /** Joins the user's room and listens, as the phone does. */
  listen(tap: RoomTap): Promise<RoomListener> {
    return tap.listen(this.room);
  }

  /** Resolves with the first value of `look` that is not undefined; asked after each message. */
  until<T>(what: string, look: () => T | undefined, timeoutMs?: number): Promise<T> {
    return this.#waiters.until(what, look, timeoutMs);
  }

  /** Resolves with what the glasses answer, or have answered, to this request. */
  report(requestId: string, timeoutMs = 60_000): Promise<GlassesReport> {
    const isMeant = (report: GlassesReport) => report.requestId === requestId;
    return this.until(`the glasses' answer to ${requestId}`, () => this.#reports.find(isMeant), timeoutMs);
  }

  /** Sends a message as it is. */
  send(message: GlassesToCloud | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Ends the connection, and with it what plays. */
  close(): Promise<void> {
    this.#socket.close(1000);
    return this.#closed;
  }

  #receive(text: string): void {
    const parsed = parseMessage(CloudToGlassesSchema, "type", text);
    if (!parsed.ok) {
      this.#waiters.fail(new Error(`The cloud sent what glasses do not know: ${parsed.error}`));
      return;
    }
    const { message } = parsed;
    this.#received.push(message);
    if (message.type === "audio_play_request") {
      void this.#play(message);
    } else if (message.type === "audio_stop_request") {
      this.#stop(({ appId, trackId }) => isStopped(message, { appId, trackId }));
    }
    this.#waiters.check();
  }

  async #play(request: PlayRequest): Promise<void> {
    if (request.stopOtherAudio !== false) {
      this.#stop(() => true);
    }
    const abort = new AbortController();
    this.#playing.set(request.requestId, { request, abort });
    const startedAt = performance.now();
    let error: string | undefined;
    try {
      const lengthMs = await this.#soundLength(request.audioUrl, abort.signal);
      await pause(lengthMs - (performance.now() - startedAt), abort.signal);
    } catch (failure) {
      error = abort.signal.aborted ? undefined : String(failure);
    }
    this.#playing.delete(request.requestId);
    this.#answer(request.requestId, error, performance.now() - startedAt);
  }

  #stop(isMeant: (request: PlayRequest) => boolean): void {
    for (const { request, abort } of this.#playing.values()) {
      if (isMeant(request)) {
        abort.abort();
      }
    }
  }

  #answer(requestId: string, error: string | undefined, playedMs: number): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return;
    }
    const success = error === undefined;
    const played = success ? { duration: playedMs / 1000 } : { error };
    this.send({ type: "audio_play_response", requestId, success, ...played });
    this.#reports.push({ requestId, success, error, durationMs: success ? playedMs : undefined });
    this.#waiters.check();
  }

  #end(): void {
    this.#stop(() => true);
    this.#waiters.fail(new Error("The connection to the cloud is closed."));
  }
}

/** A stop is for one app's sounds, all or those of one layer. */
function isStopped(
  stop: Extract<CloudToGlasses, { type: "audio_stop_request" }>,
  play: { appId: string; trackId: number | undefined },
): boolean {
  return stop.appId === play.appId && (stop.trackId === undefined || stop.trackId === (play.trackId ?? 0));
}

async function fetchLength(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new Error(`status ${response.status}`);
  }
  const { durationMs } = await decodeReference(new Uint8Array(await response.arrayBuffer()));
  if (durationMs === 0) {
    throw new Error("This is no sound.");
  }
  return durationMs;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
