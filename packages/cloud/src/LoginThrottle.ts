import { RecentMap } from "./recent-map.js";

/** Failures that cost nothing: mistakes happen. */
const FREE_FAILURES = 3;
/** What the next one waits, in ms; each one after it twice as long, up to the longest. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** Without a failure for so long, an address is forgiven, in ms. */
const FORGIVEN_AFTER_MS = 60_000;
/** Addresses that are kept; the oldest is forgiven beyond it. */
const REMEMBERED_ADDRESSES = 10_000;

interface Failures {
  readonly count: number;
  readonly atMs: number;
}

/** Makes guessing slow: the more logins from an address were refused, the longer the next refusal takes. */
export class LoginThrottle {
  readonly #failures = new RecentMap<string, Failures>(REMEMBERED_ADDRESSES);
  readonly #now: () => number;

  /** `now` in ms, of a clock that never steps back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes note of a refused login; returns how long to hold the refusal back, in ms. */
  refused(address: string): number {
    const now = this.#now();
    const last = this.#failures.get(address);
    const before = last === undefined || now - last.atMs > FORGIVEN_AFTER_MS ? 0 : last.count;
    this.#failures.set(address, { count: before + 1, atMs: now });
    const doublings = before - FREE_FAILURES;
    return doublings < 0 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** doublings);
  }
}
