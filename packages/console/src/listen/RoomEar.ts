import type { RemoteTrack, Room } from "livekit-client";
import type { Loudness } from "./loudness.js";
import { type Reception, readReception } from "./reception.js";
import { SoundProbe } from "./SoundProbe.js";

/** Where the room is, and the right to hear it. */
export interface RoomAccess {
  readonly url: string;
  readonly token: string;
}

export interface EarEvents {
  /** The number of audio tracks heard has changed. */
  onTracks(count: number): void;
  /** The room ended, or was lost for good. */
  onLost(): void;
}

/** Hears a LiveKit room through the page's loudspeaker. */
export class RoomEar {
  readonly #room: Room;
  readonly #events: EarEvents;
  readonly #probe = new SoundProbe();
  readonly #tracks = new Set<RemoteTrack>();
  #volume = 1;
  #closed: Promise<void> | undefined;

  private constructor(room: Room, events: EarEvents) {
    this.#room = room;
    this.#events = events;
  }

  /**
   * Joins the room; the browser lets it sound if a person has pressed something before.
   * @throws Error the room cannot be joined
   */
  static async join(access: RoomAccess, events: EarEvents): Promise<RoomEar> {
    const { Room, RoomEvent } = await import("livekit-client");
    const room = new Room();
    const ear = new RoomEar(room, events);
    room.on(RoomEvent.TrackSubscribed, (track) => ear.#add(track));
    room.on(RoomEvent.TrackUnsubscribed, (track) => ear.#remove(track));
    room.on(RoomEvent.Disconnected, () => ear.#lost());
    try {
      await room.connect(access.url, access.token);
      return ear;
    } catch (error) {
      await ear.close();
      throw error;
    }
  }

  measure(): Loudness {
    return this.#probe.measure();
  }

  async reception(): Promise<Reception> {
    const reports = await Promise.all([...this.#tracks].map((track) => track.getRTCStatsReport()));
    return readReception(reports.filter((report) => report !== undefined));
  }

  /** How loud this page is, 0 to 1; the room does not notice. */
  setVolume(volume: number): void {
    this.#volume = volume;
    for (const track of this.#tracks) {
      setElementVolume(track, volume);
    }
  }

  /** Leaves the room and lets go of the sound. Calls after the first wait for the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#room.disconnect();
    await this.#probe.close();
  }

  #add(track: RemoteTrack): void {
    if (track.kind !== "audio") {
      return;
    }
    track.attach();
    this.#tracks.add(track);
    setElementVolume(track, this.#volume);
    this.#probe.add(track.mediaStreamTrack);
    this.#events.onTracks(this.#tracks.size);
  }

  #remove(track: RemoteTrack): void {
    track.detach();
    this.#tracks.delete(track);
    this.#probe.remove(track.mediaStreamTrack);
    this.#events.onTracks(this.#tracks.size);
  }

  #lost(): void {
    if (this.#closed === undefined) {
      this.#events.onLost();
    }
  }
}

function setElementVolume(track: RemoteTrack, volume: number): void {
  for (const element of track.attachedElements) {
    element.volume = volume;
  }
}
