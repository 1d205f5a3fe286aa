import { setTimeout as pause } from "node:timers/promises";
import type { Closable } from "../closers.js";
import { RoamingGlasses } from "../cluster/RoamingGlasses.js";
import { oneOf, randomOf } from "../cluster/random.js";
import type { SampleApp } from "../SampleApp.js";
import type { Ledger } from "./Ledger.js";
import { type System, sounds } from "./System.js";

/** The longest pause between two things that a user does, in ms. */
const IDLE_MS = 600;
/** When a sound is stopped, at the earliest and how much later at most, in ms. */
const STOP_MS = { from: 100, more: 900 };

/** The part of the apps' sockets that is cut at once. */
const CUT_PART = 0.1;

interface World {
  readonly system: System;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Ends what the user does. */
  readonly signal: AbortSignal;
}

/** One user: glasses that come back by themselves, and apps that play. */
export class User implements Closable {
  readonly #system: System;
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #signal: AbortSignal;
  readonly #glasses: RoamingGlasses;

  private constructor(
    readonly id: string,
    glasses: RoamingGlasses,
    { system, ledger, random, signal }: World,
  ) {
    this.#glasses = glasses;
    this.#system = system;
    this.#ledger = ledger;
    this.#random = random;
    this.#signal = signal;
  }

  /** Connects the glasses, joins the room and starts both apps. */
  static async arrive(id: string, world: World): Promise<User> {
    const { cloud, tap, apps } = world.system;
    const token = await cloud.glassesToken(id);
    const soundMs = sounds["short.wav"] * 1000;
    const glasses = await RoamingGlasses.start({ url: cloud.url, token, tap, soundMs });
    for (const app of apps) {
      await cloud.app("start", app.packageName, id);
      await app.session(id);
    }
    return new User(id, glasses, world);
  }

  /** Does this and that until the time has come (wall clock, ms). */
  async live(until: number): Promise<void> {
    const acts = [
      ...Array.from({ length: 6 }, () => () => this.play()),
      ...Array.from({ length: 3 }, () => () => this.#playAndStop()),
      ...Array.from({ length: 2 }, () => () => this.#playBoth()),
      async () => this.dropGlasses(),
      async () => this.#cutApps(),
    ];
    while (Date.now() < until) {
      const act = oneOf(acts, this.#random);
      await act().catch((error: unknown) => this.#ledger.problem(`${this.id}: ${String(error)}`));
      await pause(this.#random() * IDLE_MS, undefined, { signal: this.#signal });
    }
    this.#checkGlasses();
  }

  /** Plays a sound to its end. */
  async play(app = oneOf(this.#system.apps, this.#random)): Promise<void> {
    await this.#glasses.ready();
    await this.#ask(app, "short.wav");
  }

  dropGlasses(): void {
    this.#glasses.drop();
  }

  close(): Promise<void> {
    return this.#glasses.close();
  }

  async #playAndStop(): Promise<void> {
    const app = oneOf(this.#system.apps, this.#random);
    await this.#glasses.ready();
    const played = this.#ask(app, "long.wav");
    await pause(STOP_MS.from + this.#random() * STOP_MS.more);
    await app.stop(this.id).catch(() => {}); // no connection at the moment: it plays to its end
    await played;
  }

  async #playBoth(): Promise<void> {
    await this.#glasses.ready();
    await Promise.all(this.#system.apps.map((app) => this.#ask(app, "short.wav", false)));
  }

  /** Cuts some apps' sockets, whoever's they are; the SDK connects again. */
  #cutApps(): void {
    const random = randomOf(this.#random() * 2 ** 32);
    this.#system.appLinks.cut(() => random() < CUT_PART);
  }

  async #ask(app: SampleApp, name: keyof typeof sounds, stopOtherAudio = true): Promise<void> {
    const audioUrl = this.#system.samples.url(name);
    try {
      await app.play(this.id, { audioUrl, stopOtherAudio });
    } catch (error) {
      if (!isExpected(error)) {
        throw error;
      }
    }
  }

  /** Glasses that are asked twice sound twice. */
  #checkGlasses(): void {
    for (const [requestId, times] of this.#glasses.asked) {
      if (times > 1) {
        this.#ledger.problem(`${requestId}: the glasses were asked ${times} times`);
      }
    }
  }
}

/** The SDK has no connection at the moment, or gave up on an answer: the ledger knows if one was due. */
function isExpected(error: unknown): boolean {
  return /not connected|not open|not established|disconnected|timed? ?out/i.test(String(error));
}
