import { setTimeout as pause } from "node:timers/promises";
import {
  type CloudToGlasses,
  CloudToGlassesSchema,
  type LiveKitAccess,
  parseMessage,
} from "@server-playback/protocol";
import { WebSocket } from "ws";
import type { Closable } from "../closers.js";
import type { RoomListener } from "../room/RoomListener.js";
import type { RoomTap } from "../room/RoomTap.js";
import { poll, Waiters } from "../wait.js";

/** First and longest pause before the phone connects again, in ms. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;
/** How often the phone looks whether it is still in its room, in ms. */
const ROOM_CHECK_MS = 100;
/** How often it asks for a new token for it, in ms. */
const ROOM_ASK_MS = 1_000;

type PlayRequest = Extract<CloudToGlasses, { type: "audio_play_request" }>;

export interface RoamingOptions {
  url: string;
  token: string;
  tap: RoomTap;
  /** How long every sound is, in ms. */
  soundMs: number;
}

/**
 * Glasses that stay with their user: they connect again to whichever node takes them, join their room
 * again, go on playing meanwhile, and say what they played once there is somebody to say it to.
 */
export class RoamingGlasses implements Closable {
  readonly #options: RoamingOptions;
  readonly #over = new AbortController();
  readonly #waiters = new Waiters();
  readonly #listeners: RoomListener[] = [];
  readonly #asked = new Map<string, number>();
  readonly #answers: object[] = [];
  readonly #tasks: Promise<void>[] = [];
  #socket: WebSocket | undefined;
  #room: LiveKitAccess | undefined;
  #connections = 0;
  #isConnected = false;
  #askedForRoomAt = 0;

  private constructor(options: RoamingOptions) {
    this.#options = options;
  }

  /** Connects and joins the room. */
  static async start(options: RoamingOptions): Promise<RoamingGlasses> {
    const glasses = new RoamingGlasses(options);
    glasses.#tasks.push(glasses.#stayConnected(), glasses.#stayInRoom());
    await glasses.#waiters.until("the glasses in their room", () => glasses.#listeners[0], 30_000);
    return glasses;
  }

  /** How often each play was asked for. */
  get asked(): ReadonlyMap<string, number> {
    return this.#asked;
  }

  /** How often the glasses connected. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves once they are connected and in their room: who asks before is rightly told that they are away. */
  async ready(): Promise<void> {
    const isReady = () => this.#isConnected && this.#listeners.at(-1)?.left === undefined;
    await poll("the glasses back", async () => {
      if (!isReady()) {
        throw new Error(this.#isConnected ? "not in the room" : "not connected");
      }
    });
  }

  /** What arrived from `sinceMs` on (wall clock), a list for each publication. */
  tracks(sinceMs: number) {
    return this.#listeners
      .flatMap(({ tracks }) => tracks)
      .map(({ packets }) => packets.filter(({ atMs }) => atMs >= sinceMs))
      .filter((packets) => packets.length > 0);
  }

  /** Loses the connection, as a phone does in a tunnel; it connects again by itself. */
  drop(): void {
    this.#socket?.terminate();
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#socket?.terminate();
    await Promise.all(this.#tasks);
    await Promise.all(this.#listeners.map((listener) => listener.close().catch(() => {})));
  }

  async #stayConnected(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#over.signal.aborted) {
      const was = this.#connections;
      await this.#connection();
      retryMs = this.#connections > was ? FIRST_RETRY_MS : Math.min(retryMs * 2, LONGEST_RETRY_MS);
      await pause(retryMs * (0.5 + Math.random()), undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  /** One connection, to its end. */
  #connection(): Promise<void> {
    const socket = new WebSocket(`${this.#options.url.replace(/^http/, "ws")}/glasses-ws`, {
      headers: { authorization: `Bearer ${this.#options.token}`, livekit: "true" },
      handshakeTimeout: 2_000,
    });
    this.#socket = socket;
    socket.on("error", () => {}); // followed by "close"
    socket.on("message", (data) => this.#receive(data.toString()));
    return new Promise((resolve) =>
      socket.once("close", () => {
        this.#isConnected = false;
        resolve();
      }),
    );
  }

  #receive(text: string): void {
    const parsed = parseMessage(CloudToGlassesSchema, "type", text);
    if (!parsed.ok) {
      return;
    }
    const { message } = parsed;
    if (message.type === "connection_ack") {
      this.#connections++;
      this.#isConnected = true;
      this.#room = message.livekit ?? this.#room;
      this.#answers.splice(0).forEach((answer) => {
        this.#answer(answer);
      });
    } else if (message.type === "livekit_info") {
      this.#room = message;
    } else if (message.type === "audio_play_request") {
      void this.#play(message);
    }
  }

  async #play({ requestId }: PlayRequest): Promise<void> {
    const times = (this.#asked.get(requestId) ?? 0) + 1;
    this.#asked.set(requestId, times);
    if (times > 1) {
      return; // it is playing already
    }
    const { soundMs } = this.#options;
    await pause(soundMs, undefined, { signal: this.#over.signal }).catch(() => {});
    this.#answer({ type: "audio_play_response", requestId, success: true, duration: soundMs / 1000 });
  }

  #answer(answer: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(answer));
    } else {
      this.#answers.push(answer);
    }
  }

  async #stayInRoom(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const listener = this.#listeners.at(-1);
      if (listener === undefined || listener.left !== undefined) {
        await this.#join();
      }
      await pause(ROOM_CHECK_MS, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  async #join(): Promise<void> {
    const room = this.#room;
    if (room === undefined) {
      this.#askForRoom();
      return;
    }
    this.#room = undefined; // the token is for one join
    try {
      this.#listeners.push(await this.#options.tap.listen(room));
      this.#waiters.check();
    } catch {
      // another token, another attempt
    }
  }

  #askForRoom(): void {
    if (this.#socket?.readyState === WebSocket.OPEN && Date.now() - this.#askedForRoomAt > ROOM_ASK_MS) {
      this.#askedForRoomAt = Date.now();
      this.#socket.send(JSON.stringify({ type: "livekit_init", mode: "subscribe" }));
    }
  }
}
