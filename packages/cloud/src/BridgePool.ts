import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import type { BridgeDirectory, BridgeOutcome } from "./bridge-directory.js";

/** How long what bridges told of themselves is good for, in ms. */
const FRESH_MS = 1_000;
/** Bound of a bridge's answer, in ms; one that takes longer is no good choice. */
const PROBE_TIMEOUT_MS = 500;
/** How long a bridge that was away or full is tried after all others, in ms. */
const AVOIDED_MS = 10_000;
/** A session that is silent now will play later: it weighs so much of a stream. */
const SESSION_WEIGHT = 0.25;

/** What a bridge tells of itself. */
export interface BridgeLoad {
  readonly isReady: boolean;
  readonly capacity: number;
  readonly activeStreams: number;
  readonly sessions: number;
}

export interface BridgePoolOptions {
  /** ws(s) URLs. A name with several addresses, as a headless service has, stands for that many bridges. */
  readonly urls: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Asks a bridge; undefined when it does not answer. */
  readonly probe?: (url: string) => Promise<BridgeLoad | undefined>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

interface Known {
  readonly url: string;
  readonly load: BridgeLoad | undefined;
  /** Sessions sent there since it told. */
  sent: number;
}

/**
 * Chooses bridges by their free capacity: of two at random the one with more is first (M. Mitzenmacher,
 * "The Power of Two Choices in Randomized Load Balancing", 1996), so that many nodes with the same stale
 * figures do not all run to the same bridge. Asks only when somebody needs a bridge.
 */
export class BridgePool implements BridgeDirectory {
  readonly #options: Required<BridgePoolOptions>;
  readonly #avoidedUntil = new Map<string, number>();
  #known: readonly Known[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor({
    urls,
    resolve = addressesOf,
    probe = probeBridge,
    now = Date.now,
    random = Math.random,
  }: BridgePoolOptions) {
    this.#options = { urls, resolve, probe, now, random };
  }

  /**
   * The bridges in the order in which to try them. One that is full, drains or does not answer is not
   * among them, unless all are so.
   */
  async candidates(): Promise<readonly string[]> {
    await this.#refresh();
    const good = this.#known.filter((bridge) => this.#isGood(bridge));
    if (good.length === 0) {
      return this.#known.map(({ url }) => url);
    }
    const rest = good.sort((a, b) => fill(a) - fill(b));
    const first = this.#betterOfTwo(rest);
    first.sent++;
    return [first, ...rest.filter((bridge) => bridge !== first)].map(({ url }) => url);
  }

  /** Takes note of how trying a bridge went; says whether there is another good one. */
  report(url: string, outcome: BridgeOutcome): boolean {
    if (outcome === "ok") {
      this.#avoidedUntil.delete(url);
    } else {
      this.#avoidedUntil.set(url, this.#options.now() + AVOIDED_MS);
    }
    return this.#known.some((bridge) => bridge.url !== url && this.#isGood(bridge));
  }

  /** Of a list in the order of preference. */
  #betterOfTwo(list: readonly Known[]): Known {
    const one = Math.floor(this.#options.random() * list.length);
    const step = 1 + Math.floor(this.#options.random() * (list.length - 1));
    const other = list.length === 1 ? one : (one + step) % list.length;
    return list[Math.min(one, other)] as Known;
  }

  #isGood({ url, load }: Known): boolean {
    return load?.isReady === true && !this.#isAvoided(url);
  }

  #isAvoided(url: string): boolean {
    return (this.#avoidedUntil.get(url) ?? 0) > this.#options.now();
  }

  /** Those who ask at the same time wait for the same answers. */
  async #refresh(): Promise<void> {
    if (this.#options.now() - this.#askedAt < FRESH_MS) {
      return;
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { urls, probe, now } = this.#options;
    const found = (await Promise.all(urls.map((url) => this.#expand(url)))).flat();
    const distinct = [...new Set(found)];
    this.#known = await Promise.all(distinct.map(async (url) => ({ url, load: await probe(url), sent: 0 })));
    this.#askedAt = now();
    for (const url of this.#avoidedUntil.keys()) {
      if (!this.#isAvoided(url)) {
        this.#avoidedUntil.delete(url);
      }
    }
  }

  /** A certificate is for the name: behind wss a name stays one. */
  async #expand(text: string): Promise<string[]> {
    const url = new URL(text);
    if (url.protocol !== "ws:" || isIP(url.hostname.replace(/[[\]]/g, "")) !== 0) {
      return [text];
    }
    const addresses = await this.#options.resolve(url.hostname).catch(() => []);
    return addresses.length < 2 ? [text] : addresses.map((address) => withHost(url, address));
  }
}

/** How much of a bridge is taken, from 0 to 1. */
function fill({ load, sent }: Known): number {
  return load === undefined
    ? 1
    : (load.activeStreams + sent + load.sessions * SESSION_WEIGHT) / Math.max(1, load.capacity);
}

function withHost(url: URL, address: string): string {
  const copy = new URL(url);
  copy.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return copy.toString();
}

/** All addresses of a name, those of the hosts file too. */
async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, family: 4 });
  return found.map(({ address }) => address);
}

/** Asks `/readyz`, whose headers tell the load with either status. */
async function probeBridge(socketUrl: string): Promise<BridgeLoad | undefined> {
  try {
    const url = new URL("/readyz", socketUrl.replace(/^ws/, "http"));
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    const figure = (name: string) => Number(response.headers.get(`bridge-${name}`) ?? 0);
    return {
      isReady: response.ok,
      capacity: figure("capacity"),
      activeStreams: figure("active-streams"),
      sessions: figure("sessions"),
    };
  } catch {
    return undefined;
  }
}
