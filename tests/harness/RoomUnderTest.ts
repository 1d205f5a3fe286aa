import { BridgeClient } from "@server-playback/bridge-client";
import type { BridgeCommandOf, BridgeEvent, BridgeEventOf } from "@server-playback/protocol";
import {
  type ArrivedPacket,
  type Heard,
  measure,
  ordered,
  type RoomListener,
  Waiters,
} from "@server-playback/simulator";
import type { BridgeRig } from "./BridgeRig.js";

export interface RoomOptions {
  /** Put a listener into the room before anything is played. Default true. */
  listener?: boolean;
}

export type PlayOptions = Partial<Omit<BridgeCommandOf<"play_url">, "action" | "url">>;

/** An event, and when it came (wall clock, ms). */
export type TimedEvent = BridgeEvent & { readonly atMs: number };

/** One play as it was asked for. */
export interface Play {
  readonly requestId: string;
  readonly askedAtMs: number;
}

const QUIET_MS = 300;

/** One connection to the bridge, the room that it plays into, and who listens there. */
export class RoomUnderTest {
  readonly events: TimedEvent[] = [];
  readonly listeners: RoomListener[] = [];
  readonly #waiters = new Waiters();
  #next = 1;

  private constructor(
    readonly rig: BridgeRig,
    readonly name: string,
    readonly client: BridgeClient,
    /** Lets the bridge publish as `bridge`. */
    readonly token: string,
  ) {
    client.on("event", (event) => {
      this.events.push({ ...event, atMs: Date.now() });
      this.#waiters.check();
    });
    client.on("close", () => this.#waiters.fail(new Error("The bridge closed the connection.")));
  }

  static async open(rig: BridgeRig, name: string, { listener = true }: RoomOptions): Promise<RoomUnderTest> {
    const client = await BridgeClient.connect(rig.bridge.wsUrl);
    const room = new RoomUnderTest(rig, name, client, await rig.token(name, "bridge", "publish"));
    if (listener) {
      await room.listen();
    }
    return room;
  }

  /** The listener who was there first. */
  get ears(): RoomListener {
    const [first] = this.listeners;
    if (first === undefined) {
      throw new Error("Nobody listens in this room.");
    }
    return first;
  }

  /** Adds a listener. */
  async listen(): Promise<RoomListener> {
    const identity = `ears-${this.listeners.length + 1}`;
    const token = await this.rig.token(this.name, identity, "subscribe");
    const listener = await this.rig.tap.listen({ url: this.rig.liveKit.url, token });
    this.listeners.push(listener);
    return listener;
  }

  /** Sends `play_url`, with the room's name and token unless told otherwise. */
  play(url: string, options: PlayOptions = {}): Play {
    const requestId = options.requestId ?? `play-${this.#next++}`;
    const askedAtMs = Date.now();
    const room = { roomName: this.name, token: this.token };
    this.client.send({ action: "play_url", url, ...room, ...options, requestId });
    return { requestId, askedAtMs };
  }

  /** Plays a sound to its end, and measures what the room heard of it. */
  async playAndHear(url: string, options: PlayOptions = {}): Promise<Heard> {
    const play = this.play(url, options);
    const end = await this.ended(play);
    if (!end.success) {
      throw new Error(`The play failed: ${end.error} ${end.message ?? ""}`);
    }
    return await this.heard(play.askedAtMs);
  }

  /** Resolves with the first event of this type (of a play), past ones too. */
  event<Type extends BridgeEvent["type"]>(
    type: Type,
    { requestId, sinceMs = 0, timeoutMs }: { requestId?: string; sinceMs?: number; timeoutMs?: number } = {},
  ): Promise<BridgeEventOf<Type> & { readonly atMs: number }> {
    const isMeant = (event: TimedEvent): event is BridgeEventOf<Type> & { readonly atMs: number } =>
      event.type === type &&
      event.atMs >= sinceMs &&
      (requestId === undefined || ("requestId" in event && event.requestId === requestId));
    return this.#waiters.until(
      `${type} of ${requestId ?? "any play"}`,
      () => this.events.find(isMeant),
      timeoutMs,
    );
  }

  started({ requestId }: Play): Promise<BridgeEventOf<"play_started"> & { readonly atMs: number }> {
    return this.event("play_started", { requestId });
  }

  ended({ requestId }: Play): Promise<BridgeEventOf<"play_complete"> & { readonly atMs: number }> {
    return this.event("play_complete", { requestId, timeoutMs: 30_000 });
  }

  /** Resolves when the bridge has answered everything that was sent before. */
  async settled(): Promise<void> {
    await this.client.ping();
  }

  /** Events of one play. */
  eventsOf({ requestId }: Play): TimedEvent[] {
    return this.events.filter((event) => "requestId" in event && event.requestId === requestId);
  }

  /** What has been heard since, once the room is quiet. */
  async heard(sinceMs: number, ears = this.ears): Promise<Heard> {
    const heard = await this.heardOrNothing(sinceMs, ears);
    if (heard === undefined) {
      throw new Error("Nothing was heard.");
    }
    return heard;
  }

  async heardOrNothing(sinceMs: number, ears = this.ears): Promise<Heard | undefined> {
    await ears.quiet(QUIET_MS);
    return await measure(ordered(ofBridge(ears, sinceMs)));
  }

  /** Packets since then, once the room is quiet. */
  async packets(sinceMs: number, ears = this.ears): Promise<ArrivedPacket[]> {
    await ears.quiet(QUIET_MS);
    return ofBridge(ears, sinceMs);
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), ...this.listeners.map((listener) => listener.close())]);
  }
}

/**
 * What this room's connection sent, in its newest publication: into one that is over the server itself
 * puts some silence.
 */
function ofBridge(ears: RoomListener, sinceMs: number): ArrivedPacket[] {
  const newest = ears.tracks.findLast(({ publisher }) => publisher === "bridge");
  return ears.packets(sinceMs, (track) => track === newest);
}
