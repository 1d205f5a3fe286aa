import type { AudioResult } from "../SampleApp.js";
import type { Phase } from "./plan.js";
import { RoamingGlasses } from "./RoamingGlasses.js";
import { findSweep, type Heard } from "./sweep.js";
import type { Topology } from "./Topology.js";

/** How long the room may be silent after a sound's end before it is measured, in ms: an echo would come by then. */
const SETTLE_MS = 1_500;
/** How long a sound may take to be heard whole after the app was answered, in ms. */
const PATIENCE_MS = 15_000;
/** What the SDK says, at once, while it is connecting again: nothing was asked of anybody. */
const NOT_SENT = "WebSocket not connected";
/** When the app tries again then, in ms. */
const ASK_AGAIN_MS = 200;

/** One sound of one room, as asked for, heard and answered. */
export interface Play {
  readonly phase: string;
  /** Whether the way of the media itself went away meanwhile, for the bridge and the listener alike. */
  readonly mediaGoes: boolean;
  readonly heard: Heard;
  /** How often the glasses were asked for it: 1. */
  readonly asked: number;
  /** What the app was told; null if nothing. */
  readonly response: AudioResult | null;
  readonly error: string | null;
}

/** One user: glasses, a listener in the room, and an app that plays. */
export class Room {
  readonly plays: Play[] = [];
  readonly #topology: Topology;
  readonly #soundMs: number;

  private constructor(
    readonly userId: string,
    readonly glasses: RoamingGlasses,
    topology: Topology,
    soundMs: number,
  ) {
    this.#topology = topology;
    this.#soundMs = soundMs;
  }

  static async open(topology: Topology, userId: string, soundMs: number): Promise<Room> {
    const { url, tap } = topology;
    const token = await topology.glassesToken(userId);
    const glasses = await RoamingGlasses.start({ url, token, tap, soundMs });
    await topology.startApp(userId);
    return new Room(userId, glasses, topology, soundMs);
  }

  /** Plays the next sound, and keeps what came of it. */
  async play({ name: phase, mediaGoes = false }: Phase): Promise<Play> {
    const index = this.plays.length;
    await this.glasses.ready();
    const since = Date.now();
    const before = new Set(this.glasses.asked.keys());
    const answer = await this.#ask(`sweep-${index % 3}.wav`);
    const heard = await this.#hear(since, index);
    const asked = [...this.glasses.asked].filter(([id]) => !before.has(id)).map(([, times]) => times);
    const play = { phase, mediaGoes, heard, asked: asked.reduce((sum, times) => sum + times, 0), ...answer };
    this.plays.push(play);
    return play;
  }

  /** A sound that a room's outage has held goes on later: so long as something is missing, wait for it. */
  async #hear(since: number, index: number): Promise<Heard> {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const heard = await findSweep(this.glasses.tracks(since), index, this.#soundMs);
      if (heard.lostMs < this.#soundMs / 100 || Date.now() > deadline) {
        return heard;
      }
    }
  }

  async #ask(sound: string): Promise<Pick<Play, "response" | "error">> {
    const audioUrl = this.#topology.samples.url(sound);
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      try {
        return { response: await this.#topology.app.play(this.userId, { audioUrl }), error: null };
      } catch (failure) {
        const error = failure instanceof Error ? failure.message : String(failure);
        if (!error.includes(NOT_SENT) || Date.now() > deadline) {
          return { response: null, error };
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    }
  }
}
