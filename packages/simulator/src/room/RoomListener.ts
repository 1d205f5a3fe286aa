import type { Closable } from "../closers.js";
import { Waiters } from "../wait.js";
import { type ArrivedPacket, isServerSilence } from "./packets.js";
import type { TapRecord } from "./tap-records.js";

/** Packets of one track that are kept, the newest: 100 minutes at 20 ms. */
const MAX_PACKETS = 300_000;

/** One publication, as this listener got it. */
export interface HeardTrack {
  readonly sid: string;
  readonly name: string;
  /** Identity of its publisher. */
  readonly publisher: string;
  readonly subscribedAtMs: number;
  readonly packets: readonly ArrivedPacket[];
  readonly isOver: boolean;
}

interface OpenTrack extends HeardTrack {
  readonly packets: ArrivedPacket[];
  isOver: boolean;
}

/** One participant that hears everything in its room. Made by `RoomTap.listen`. */
export class RoomListener implements Closable {
  readonly #leave: () => void;
  readonly #waiters = new Waiters();
  readonly #tracks: OpenTrack[] = [];
  #joined: { room: string; identity: string } | undefined;
  #left: string | undefined;

  constructor(
    readonly id: string,
    leave: () => void,
  ) {
    this.#leave = leave;
  }

  /** Every publication so far, also those that are over. */
  get tracks(): readonly HeardTrack[] {
    return this.#tracks;
  }

  /** Why the listener is not in the room any more; undefined while it is. */
  get left(): string | undefined {
    return this.#left;
  }

  /** Resolves with the room's name when the room has been joined. */
  async joined(): Promise<{ room: string; identity: string }> {
    return await this.#waiters.until("joining the room", () => this.#joined);
  }

  /** All packets that arrived from `sinceMs` on (wall clock, ms), in the order of arrival. */
  packets(sinceMs = 0, isMeant: (track: HeardTrack) => boolean = () => true): ArrivedPacket[] {
    return this.#tracks
      .filter(isMeant)
      .flatMap(({ packets }) => packets.filter(({ atMs }) => atMs >= sinceMs));
  }

  /** Resolves with the first value of `look` that is not undefined; `look` is asked after each record. */
  until<T>(what: string, look: (listener: this) => T | undefined, timeoutMs?: number): Promise<T> {
    return this.#waiters.until(what, () => look(this), timeoutMs);
  }

  /** Resolves with the first packet that arrives from `sinceMs` on. */
  firstPacket(sinceMs: number, timeoutMs?: number): Promise<ArrivedPacket> {
    return this.until("a packet", () => this.packets(sinceMs)[0], timeoutMs);
  }

  /** Resolves when nothing has arrived for `quietMs`, or fails after `timeoutMs`. */
  async quiet(quietMs = 300, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let since = Date.now();
    for (;;) {
      const last = this.#tracks.reduce(
        (latest, { packets }) => Math.max(latest, packets.at(-1)?.atMs ?? 0),
        since,
      );
      const left = last + quietMs - Date.now();
      if (left <= 0) {
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(`The room was not quiet within ${timeoutMs} ms.`);
      }
      since = last;
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  /** Leaves the room; resolves when the server knows. */
  async close(): Promise<void> {
    if (this.#left === undefined) {
      this.#leave();
      await this.#waiters.until("leaving the room", () => this.#left);
    }
  }

  /** Takes what the tap tells of this listener. */
  receive(record: TapRecord): void {
    switch (record.type) {
      case "packet":
        this.#packet(record);
        break;
      case "joined":
        this.#joined = { room: record.room, identity: record.identity };
        break;
      case "subscribed":
        this.#subscribed(record);
        break;
      case "unsubscribed":
        this.#withTrack(record.track, (track) => {
          track.isOver = true;
        });
        break;
      case "left":
        this.#left = record.reason;
        break;
      case "join_failed":
      case "error":
        this.#left = record.reason;
        this.fail(new Error(`The listener could not join: ${record.reason}`));
        break;
      case "dropped":
        break;
    }
    this.#waiters.check();
  }

  /** Nothing more will come: fails every wait. */
  fail(error: Error): void {
    this.#left ??= error.message;
    this.#waiters.fail(error);
  }

  #subscribed({ track, name, publisher, at }: Extract<TapRecord, { type: "subscribed" }>): void {
    this.#tracks.push({ sid: track, name, publisher, subscribedAtMs: at / 1000, packets: [], isOver: false });
  }

  #packet({ track, at, seq, ts, marker, ssrc, ...record }: Extract<TapRecord, { type: "packet" }>): void {
    const payload = Buffer.from(record.payload, "base64");
    if (isServerSilence(payload)) {
      return;
    }
    this.#withTrack(track, ({ packets }) => {
      packets.push({ atMs: at / 1000, seq, timestamp: ts, marker, ssrc, payload });
      if (packets.length > MAX_PACKETS) {
        packets.splice(0, MAX_PACKETS / 10);
      }
    });
  }

  #withTrack(sid: string, act: (track: OpenTrack) => void): void {
    const track = this.#tracks.findLast((open) => open.sid === sid);
    if (track !== undefined) {
      act(track);
    }
  }
}
