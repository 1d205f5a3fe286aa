import { TokenBucket } from "./token-bucket.js";

/** Plays a second, and at once after a pause, that one app may ask for. */
const APP_RATE = { perSecond: 10, burst: 20 };
/** The same of all apps of one user together. */
const USER_RATE = { perSecond: 20, burst: 40 };
/** Plays of one app, and of one user, that may sound or wait in the room at once. */
export const MAX_PLAYS = { app: 16, user: 32 };

/** How fast one user's apps may ask for sounds. */
export class PlayLimits {
  readonly #user = new TokenBucket(USER_RATE.perSecond, USER_RATE.burst);
  /** As many as there are apps that may connect: one that leaves and comes back has not earned new ones. */
  readonly #apps = new Map<string, TokenBucket>();

  /** Whether the app may ask once more now. */
  admit(packageName: string): boolean {
    const app = this.#apps.get(packageName) ?? new TokenBucket(APP_RATE.perSecond, APP_RATE.burst);
    this.#apps.set(packageName, app);
    return app.take() && this.#user.take();
  }
}
