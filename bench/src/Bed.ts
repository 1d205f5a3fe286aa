import { mkdirSync } from "node:fs";
import path from "node:path";
import { BridgeClient } from "@server-playback/bridge-client";
import type { BridgeEvent } from "@server-playback/protocol";
import {
  type Bridge,
  binary,
  type Closable,
  Closers,
  inRepository,
  type LiveKit,
  type RoomListener,
  RoomTap,
  roomToken,
  SampleServer,
  type StackEnv,
  startBridge,
  startLiveKit,
} from "@server-playback/simulator";
import { writeLongMp3 } from "./long-mp3.js";

/** Length of the busy file, in seconds: longer than any measurement plays it. */
const LONG_S = 180;
/** Rooms that are joined at the same time: more would measure the server's patience. */
export const JOINS = 10;
const ATTEMPTS = 4;

/** Milliseconds since the Unix epoch, finer than `Date.now()`: the clock of the packets' arrival. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

/** What the benchmarks run on: a LiveKit server, a bridge, sounds on a local server, a room listener. */
export class Bed implements Closable {
  readonly #closers: Closers;
  #rooms = 0;

  private constructor(
    closers: Closers,
    readonly liveKit: LiveKit,
    readonly bridge: Bridge,
    readonly samples: SampleServer,
    readonly tap: RoomTap,
    /** A long, busy, stereo MP3 at 44.1 kHz. */
    readonly longMp3: string,
  ) {
    this.#closers = closers;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Bed> {
    const folder = inRepository("out", "bench");
    mkdirSync(folder, { recursive: true });
    const longMp3 = path.join(folder, "long.mp3");
    writeLongMp3(inRepository("samples", "tune-10s.mp3"), longMp3, LONG_S);
    const stack: StackEnv = {
      env: {
        ...process.env,
        MAX_STREAMS: "10000",
        MAX_LATE_PERCENT: "100",
        SUBSCRIBER_WAIT_MS: "300",
        ...settings,
      },
      usualPorts: false,
      logDir: path.join(folder, "logs"),
    };
    const closers = new Closers();
    try {
      const liveKit = closers.own(await startLiveKit(stack));
      const bridge = closers.own(await startBridge(stack, liveKit.url));
      const samples = closers.own(await SampleServer.start(folder));
      const tap = closers.own(new RoomTap(binary("ROOM_TAP_BIN", process.env)));
      return new Bed(closers, liveKit, bridge, samples, tap, longMp3);
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  /** A connection to the bridge with a room of its own, not yet joined. */
  async player(): Promise<Player> {
    const roomName = `bench-${++this.#rooms}`;
    const token = await roomToken(this.liveKit, roomName, "bench-bridge", "publish");
    return new Player(await BridgeClient.connect(this.bridge.wsUrl), roomName, token);
  }

  /** Players that all play a file of the server, the long one if none is named, once each has started. */
  async playing(count: number, url = this.samples.url(path.basename(this.longMp3))): Promise<Player[]> {
    const players: Player[] = [];
    while (players.length < count) {
      const group = await Promise.all(
        Array.from({ length: Math.min(JOINS, count - players.length) }, () => this.player()),
      );
      players.push(...group);
      await Promise.all(group.map((player) => player.keepPlaying(url)));
    }
    return players;
  }

  /** Listens in a player's room. */
  async listen({ roomName }: Player): Promise<RoomListener> {
    const token = await roomToken(this.liveKit, roomName, "bench-listener", "subscribe");
    return await this.tap.listen({ url: this.liveKit.url, token });
  }

  /** A figure of the bridge's `/metrics`. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.bridge.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  }

  close(): Promise<void> {
    return this.#closers.close();
  }
}

/** One user of the bridge, in a room of its own. */
export class Player implements Closable {
  #requests = 0;

  constructor(
    readonly client: BridgeClient,
    readonly roomName: string,
    readonly token: string,
  ) {}

  /** Sends a play; the returned name is its requestId. */
  start(url: string): string {
    const requestId = `r${++this.#requests}`;
    const { roomName, token } = this;
    this.client.send({ action: "play_url", requestId, url, roomName, token, stopOther: true });
    return requestId;
  }

  /** Sends a play and waits until it has started. */
  async play(url: string): Promise<string> {
    const requestId = this.start(url);
    await this.event("play_started", requestId);
    return requestId;
  }

  /** Sends a play and waits until it has started; on a loaded machine a join may time out, and is tried again. */
  async keepPlaying(url: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.play(url);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) {
          throw error;
        }
      }
    }
  }

  /** Joins the room, without playing. */
  async join(): Promise<void> {
    const joined = this.client.waitFor((event) => event.type === "room_joined" || undefined, {
      timeoutMs: 30_000,
    });
    this.client.send({ action: "join_room", roomName: this.roomName, token: this.token });
    await joined;
  }

  /** Waits for an event of a play; a play that fails first rejects. */
  event(type: "play_started" | "play_complete", requestId: string): Promise<BridgeEvent> {
    return this.client.waitFor(
      (event) => {
        if (!("requestId" in event) || event.requestId !== requestId) {
          return undefined;
        }
        if (event.type === "play_complete" && type !== "play_complete") {
          throw new Error(`The play ended before it began: ${JSON.stringify(event)}`);
        }
        return event.type === type ? event : undefined;
      },
      { timeoutMs: 60_000 },
    );
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** Ends players, all at once. */
export async function closeAll(players: readonly Player[]): Promise<void> {
  await Promise.all(players.map((player) => player.close()));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
