import { randomBytes } from "node:crypto";
import {
  type Bridge,
  binary,
  Closers,
  inRepository,
  RoomTap,
  roomToken,
  SampleServer,
  startBridge,
} from "@server-playback/simulator";
import { RoomServiceClient } from "livekit-server-sdk";
import { inject } from "vitest";
import { type RoomOptions, RoomUnderTest } from "./RoomUnderTest.js";
import { stackEnv } from "./stack-env.js";

/** A bridge process with what it takes to try it: sounds over HTTP, and ears in its rooms. */
export class BridgeRig {
  readonly liveKit = inject("liveKit");
  readonly service = new RoomServiceClient(
    this.liveKit.url.replace(/^ws/, "http"),
    this.liveKit.apiKey,
    this.liveKit.apiSecret,
  );
  readonly #closers: Closers;
  #rooms: RoomUnderTest[] = [];

  private constructor(
    closers: Closers,
    readonly bridge: Bridge,
    readonly tap: RoomTap,
    readonly samples: SampleServer,
    /** The bridge's log file. */
    readonly logFile: string,
  ) {
    this.#closers = closers;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<BridgeRig> {
    const closers = new Closers();
    const name = `bridge-${randomBytes(3).toString("hex")}`;
    const env = stackEnv(settings);
    const tap = closers.own(new RoomTap(binary("ROOM_TAP_BIN", env.env)));
    const samples = closers.own(await SampleServer.start(inRepository("samples")));
    const bridge = closers.own(await startBridge(env, inject("liveKit").url, name));
    return new BridgeRig(closers, bridge, tap, samples, `${env.logDir}/${name}.log`);
  }

  /** A connection to the bridge and a listener, for a room of their own. Ended with the test's rooms. */
  async room(options: RoomOptions = {}): Promise<RoomUnderTest> {
    const room = await RoomUnderTest.open(this, `room-${randomBytes(6).toString("hex")}`, options);
    this.#rooms.push(room);
    return room;
  }

  token(room: string, identity: string, grant: "publish" | "subscribe" | "both"): Promise<string> {
    return roomToken(this.liveKit, room, identity, grant);
  }

  /** Identities in a room, as the server knows them; none of a room that is not. */
  async participants(room: string): Promise<string[]> {
    const found = await this.service.listParticipants(room).catch(() => []);
    return found.map(({ identity }) => identity);
  }

  /** Ends the rooms of a test. */
  async closeRooms(): Promise<void> {
    const rooms = this.#rooms;
    this.#rooms = [];
    await Promise.all(rooms.map((room) => room.close()));
  }

  async close(): Promise<void> {
    await this.closeRooms();
    await this.#closers.close();
  }
}
