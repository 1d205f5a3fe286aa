import { setTimeout as pause } from "node:timers/promises";
import type { Closable } from "../closers.js";
import { RoamingGlasses } from "../cluster/RoamingGlasses.js";
import { oneOf, randomOf } from "../random.js";
import type { SampleApp } from "../SampleApp.js";
import type { Ledger } from "./Ledger.js";
import { type System, sounds } from "./System.js";

/** The longest pause between two things that a user does, in ms. */
const IDLE_MS = 600;
/** When a sound is stopped, at the earliest and how much later at most, in ms. */
const STOP_MS = { from: 100, more: 900 };

/** How long a user's last sounds may take to end, in ms: the SDK gives up after 60 s. */
export const SETTLE_MS = 70_000;

/** How long a user waits for an answer, in ms: if it was lost, the SDK would wait for a minute. */
const PATIENCE_MS = 10_000;

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
  readonly #name: string;
  readonly #world: World;
  #visit = 0;
  #glasses!: RoamingGlasses;

  private constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
  }

  /** Connects the glasses, joins the room and starts both apps. */
  static async arrive(name: string, world: World): Promise<User> {
    const user = new User(name, world);
    await user.#enter();
    return user;
  }

  get id(): string {
    return `${this.#name}-${this.#visit}@example.com`;
  }

  /** Does this and that until the time has come (wall clock, ms). */
  async live(until: number): Promise<void> {
    const acts = [
      ...Array.from({ length: 6 }, () => () => this.play()),
      ...Array.from({ length: 3 }, () => () => this.#playAndStop()),
      ...Array.from({ length: 2 }, () => () => this.#playBoth()),
      async () => this.dropGlasses(),
      async () => this.#cutApps(),
      () => this.#moveOut(),
    ];
    while (Date.now() < until) {
      const act = oneOf(acts, this.#world.random);
      await act().catch((error: unknown) => this.#world.ledger.problem(`${this.id}: ${String(error)}`));
      await pause(this.#world.random() * IDLE_MS, undefined, { signal: this.#world.signal });
    }
    this.#checkGlasses();
  }

  /** Plays a sound to its end. */
  async play(app = oneOf(this.#world.system.apps, this.#world.random)): Promise<void> {
    await this.#glasses.ready();
    await this.#ask(app, "short.wav");
  }

  dropGlasses(): void {
    this.#glasses.drop();
  }

  close(): Promise<void> {
    return this.#glasses.close();
  }

  async #enter(): Promise<void> {
    const { cloud, tap, apps } = this.#world.system;
    const token = await cloud.glassesToken(this.id);
    const soundMs = sounds["short.wav"] * 1000;
    this.#glasses = await RoamingGlasses.start({ url: cloud.url, token, tap, soundMs });
    for (const app of apps) {
      await cloud.app("start", app.packageName, this.id);
      await app.session(this.id);
    }
  }

  /** Leaves for good once nothing sounds any more; another user comes instead. */
  async #moveOut(): Promise<void> {
    await this.#world.ledger.settle(SETTLE_MS, this.id);
    this.#checkGlasses();
    await this.#glasses.close();
    this.#visit++;
    await this.#enter();
  }

  async #playAndStop(): Promise<void> {
    const app = oneOf(this.#world.system.apps, this.#world.random);
    await this.#glasses.ready();
    const played = this.#ask(app, "long.wav");
    await pause(STOP_MS.from + this.#world.random() * STOP_MS.more);
    await app.stop(this.id).catch(() => {}); // no connection at the moment: it plays to its end
    await played;
  }

  async #playBoth(): Promise<void> {
    await this.#glasses.ready();
    await Promise.all(this.#world.system.apps.map((app) => this.#ask(app, "short.wav", false)));
  }

  /** Cuts some apps' sockets, whoever's they are; the SDK connects again. */
  #cutApps(): void {
    const random = randomOf(this.#world.random() * 2 ** 32);
    this.#world.system.appLinks.cut(() => random() < CUT_PART);
  }

  async #ask(app: SampleApp, name: keyof typeof sounds, stopOtherAudio = true): Promise<void> {
    const audioUrl = this.#world.system.samples.url(name);
    try {
      const played = app.play(this.id, { audioUrl, stopOtherAudio });
      played.catch(() => {}); // also when nobody waits for it any more
      await Promise.race([played, pause(PATIENCE_MS, undefined, { ref: false })]);
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
        this.#world.ledger.problem(`${requestId}: the glasses were asked ${times} times`);
      }
    }
  }
}

/** The SDK has no connection at the moment, or gave up on an answer: the ledger knows if one was due. */
function isExpected(error: unknown): boolean {
  return /not connected|not open|not established|disconnected|timed? ?out/i.test(String(error));
}
