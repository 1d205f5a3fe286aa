import {
  type BridgeCommand,
  BridgeCommandSchema,
  type BridgeEvent,
  type BridgeEventOf,
  BridgeEventSchema,
  parseMessage,
} from "@server-playback/protocol";
import { type RawData, WebSocket } from "ws";
import { BridgeClientError } from "./errors.js";
import { Heartbeat } from "./heartbeat.js";
import { Listeners } from "./listeners.js";
import { openSocket, resumeUrl } from "./open-socket.js";
import { Playback, type PlayOptions } from "./Playback.js";
import { type Answer, type WaitOptions, Waits } from "./waits.js";

/** Bound of {@link BridgeClient.connect}, handshake and greeting together, unless set. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Bound of a request's answer, unless set. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** A connection on which nothing came for two of these is dead. */
export const HEARTBEAT_MS = 10_000;
/** How long a goodbye waits for the other side before the socket is cut. */
export const CLOSE_TIMEOUT_MS = 1_000;
/** Bytes that may wait to be sent; a sender that does not await {@link BridgeClient.sendPcm} runs into it. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Which session a connection takes up, and the number of the last event of it that was seen. */
export interface Resume {
  sessionId: string;
  after: number;
}

export interface ConnectOptions {
  /** Take a session up that a lost connection has left. Whether that was possible says `resumed`. */
  resume?: Resume | undefined;
  /** The bridge's `BRIDGE_SHARED_SECRET`. */
  secret?: string | undefined;
  /** Gives the attempt up; once connected it has no effect. */
  signal?: AbortSignal | undefined;
  connectTimeoutMs?: number | undefined;
  heartbeatMs?: number | undefined;
}

/** How a connection ended. `wanted` says that this side closed it. */
export interface BridgeClosed {
  wanted: boolean;
  /** WebSocket close code (RFC 6455, section 7.4.1). */
  code: number;
}

type EventsByType = { [Type in BridgeEvent["type"]]: BridgeEventOf<Type> };

/** Everything a {@link BridgeClient} tells: the bridge's events by type, and these. */
export interface BridgeClientEvents extends EventsByType {
  /** Every event of the bridge. */
  event: BridgeEvent;
  /** A participant's audio, s16le, after `subscribe_enable`. */
  pcm: Buffer;
  /** Said once, last. */
  close: BridgeClosed;
}

/**
 * One connection to a bridge. Obtained with {@link BridgeClient.connect}, ended with
 * {@link BridgeClient.close} or by the bridge; it does not come back by itself.
 * Listeners must not throw.
 */
export class BridgeClient {
  readonly #socket: WebSocket;
  readonly #heartbeat: Heartbeat;
  readonly #waits = new Waits();
  readonly #listeners = new Listeners<BridgeClientEvents & Record<string, unknown>>();
  #greeting: BridgeEventOf<"connected"> | undefined;
  /** Events that came with the greeting, until the caller of `connect` can listen. */
  #held: BridgeEvent[] | undefined = [];
  #lastSeq: number;
  #unreadable = 0;
  #nextPing = 1;
  #wanted = false;
  readonly #closed: Promise<void>;

  private constructor(socket: WebSocket, heartbeatMs: number, lastSeq: number) {
    this.#socket = socket;
    this.#lastSeq = lastSeq;
    this.#heartbeat = new Heartbeat(socket, heartbeatMs);
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", () => {}); // followed by "close", which is handled
    this.#closed = new Promise((resolve) => {
      socket.once("close", (code) => {
        this.#end(code);
        resolve();
      });
    });
  }

  /**
   * Connects to the bridge at a ws(s) URL and waits for its greeting. Events are delivered from the
   * next turn of the event loop on: listeners added at once miss none.
   * @throws {BridgeClientError} `connect_failed`, `unauthorized`, `timeout` or `aborted`
   */
  static async connect(url: string, options: ConnectOptions = {}): Promise<BridgeClient> {
    const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const deadline = performance.now() + timeoutMs; // a clock that is set does not move it
    const { resume } = options;
    const target = resume === undefined ? url : resumeUrl(url, resume);
    const socket = await openSocket(target, options.secret, timeoutMs, options.signal);
    const client = new BridgeClient(socket, options.heartbeatMs ?? HEARTBEAT_MS, resume?.after ?? 0);
    try {
      const greeting = client.waitFor((event) => (event.type === "connected" ? event : undefined), {
        timeoutMs: Math.max(1, deadline - performance.now()),
        signal: options.signal,
      });
      socket.resume();
      await greeting;
      setImmediate(() => client.#release());
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** What the bridge said of itself when it was connected. */
  get bridge(): BridgeEventOf<"connected"> {
    if (this.#greeting === undefined) {
      throw new BridgeClientError("closed", "The connection was never made.");
    }
    return this.#greeting;
  }

  /** The key by which another connection takes this session up; undefined from a bridge without sessions. */
  get sessionId(): string | undefined {
    return this.bridge.sessionId;
  }

  /** Number of the last event that was delivered; 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether this connection has taken up the session that was asked for. */
  get resumed(): boolean {
    return this.bridge.resumed ?? false;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Frames of the bridge that this client could not read: a newer bridge's events. They are ignored. */
  get unreadableFrames(): number {
    return this.#unreadable;
  }

  /** Listens to one kind of event; returns what ends the listening. */
  on<Name extends keyof BridgeClientEvents>(
    name: Name,
    listener: (event: BridgeClientEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(name, listener as (event: unknown) => void);
  }

  /**
   * Sends a command; the answer comes as events.
   * @throws {BridgeClientError} `invalid_command`, `closed` or `overflow`: then nothing was sent
   */
  send(command: BridgeCommand): void {
    const parsed = BridgeCommandSchema.safeParse(command);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const field = issue?.path.map(String).join(".") || "action";
      throw new BridgeClientError("invalid_command", `Field "${field}": ${issue?.message}.`);
    }
    this.#assertSendable();
    this.#socket.send(JSON.stringify(parsed.data));
  }

  /**
   * Sends a command and waits for the event that answers it. An `error` event with the command's
   * `requestId` fails the call.
   * @throws {BridgeClientError} what {@link send} throws, and `refused`, `timeout`, `aborted`, `closed`
   */
  request<T>(command: BridgeCommand, answer: Answer<T>, wait: Partial<WaitOptions> = {}): Promise<T> {
    const answered = this.waitFor((event) => {
      if (event.type === "error" && event.requestId !== undefined && event.requestId === command.requestId) {
        throw new BridgeClientError("refused", `The bridge refused: ${event.error}.`, event.error);
      }
      return answer(event);
    }, wait);
    try {
      this.send(command);
    } catch (error) {
      answered.catch(() => {}); // nobody will wait for it
      return Promise.reject(error);
    }
    return answered;
  }

  /** Plays a sound; the handle tells how it goes and controls it. */
  play(options: PlayOptions): Playback {
    return new Playback(
      {
        client: () => (this.isOpen ? this : undefined),
        onEvent: (listener) => this.on("event", listener),
        onResumed: () => () => {},
        onClose: (listener) => this.on("close", listener),
      },
      options,
    );
  }

  /** Waits for an event. Rejects with `timeout`, `aborted` or `closed`. */
  waitFor<T>(answer: Answer<T>, wait: Partial<WaitOptions> = {}): Promise<T> {
    if (!this.isOpen) {
      return Promise.reject(closedError());
    }
    return this.#waits.add(answer, { timeoutMs: REQUEST_TIMEOUT_MS, ...wait });
  }

  /** Asks whether the bridge answers; resolves to the round trip's time in ms. */
  async ping(wait: Partial<WaitOptions> = {}): Promise<number> {
    const requestId = `ping-${this.#nextPing++}`;
    const sentAt = performance.now();
    const isPong = (event: BridgeEvent) => event.type === "pong" && event.requestId === requestId;
    await this.request({ action: "ping", requestId }, (event) => isPong(event) || undefined, wait);
    return performance.now() - sentAt;
  }

  /**
   * Sends s16le PCM, between `start_pcm` and `end_pcm`. Await it before the next call: it resolves
   * when the data has left this process, which is the back-pressure.
   * @throws {BridgeClientError} `closed`, or `overflow` if earlier data still waits
   */
  async sendPcm(pcm: Uint8Array): Promise<void> {
    this.#assertSendable();
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(pcm, { binary: true }, (error) => (error ? reject(closedError()) : resolve()));
    });
  }

  /** Says goodbye and ends the connection. Calls after the first wait for the same end; it never fails. */
  close(): Promise<void> {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#waits.failAll(closedError());
      this.#socket.close(1000);
      const cut = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
      void this.#closed.then(() => clearTimeout(cut));
    }
    return this.#closed;
  }

  #assertSendable(): void {
    if (!this.isOpen) {
      throw closedError();
    }
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      throw new BridgeClientError("overflow", "The bridge does not read as fast as this side sends.");
    }
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heartbeat.alive();
    if (this.#wanted) {
      return;
    }
    if (isBinary) {
      this.#listeners.emit("pcm", data as Buffer); // ws delivers a Buffer unless told otherwise
      return;
    }
    const parsed = parseMessage(BridgeEventSchema, "type", data.toString());
    if (!parsed.ok) {
      this.#unreadable++;
      return;
    }
    this.#take(parsed.message);
  }

  #take(event: BridgeEvent): void {
    if (this.#greeting === undefined && event.type === "connected") {
      this.#greeting = event;
      this.#lastSeq = event.resumed ? this.#lastSeq : 0;
      this.#waits.offer(event);
    } else if (this.#held !== undefined) {
      this.#held.push(event);
    } else {
      this.#deliver(event);
    }
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) {
      this.#deliver(event);
    }
  }

  #deliver(event: BridgeEvent): void {
    const seq = event.type === "connected" ? undefined : event.seq;
    if (this.#wanted || (seq !== undefined && seq <= this.#lastSeq)) {
      return;
    }
    this.#lastSeq = seq ?? this.#lastSeq;
    this.#waits.offer(event);
    this.#listeners.emit(event.type, event);
    this.#listeners.emit("event", event);
  }

  #end(code: number): void {
    this.#heartbeat.stop();
    if (this.#held !== undefined && this.#greeting !== undefined) {
      setImmediate(() => this.#tellEnd(code)); // the caller of connect has not been able to listen yet
    } else {
      this.#tellEnd(code);
    }
  }

  #tellEnd(code: number): void {
    this.#release();
    this.#waits.failAll(closedError());
    this.#listeners.emit("close", { wanted: this.#wanted, code });
    this.#listeners.clear();
  }
}

function closedError(): BridgeClientError {
  return new BridgeClientError("closed", "The connection to the bridge is closed.");
}
