/** How long a bridge that was away or full is tried after all others, in ms. */
const AVOIDED_MS = 10_000;

/** What came of trying a bridge. */
export type BridgeOutcome = "ok" | "unreachable" | "at_capacity";

/** Port: which bridges there are, and which of them is best tried first. Shared by all sessions. */
export interface BridgeDirectory {
  /** The bridges' ws(s) URLs, in the order in which to try them for this room. */
  candidates(roomName: string): readonly string[] | Promise<readonly string[]>;
  /** Takes note; says whether there is another that is not known to be away or full. */
  report(url: string, outcome: BridgeOutcome): boolean;
}

/** A fixed list, in its own order; a bridge that failed goes to the list's end for a while. */
export class StaticBridges implements BridgeDirectory {
  readonly #urls: readonly string[];
  readonly #now: () => number;
  readonly #avoidedUntil = new Map<string, number>();

  constructor(urls: readonly string[], now: () => number = Date.now) {
    this.#urls = urls;
    this.#now = now;
  }

  candidates(): readonly string[] {
    return [...this.#urls.filter((url) => !this.#isAvoided(url)), ...this.#urls.filter(this.#isAvoided)];
  }

  report(url: string, outcome: BridgeOutcome): boolean {
    this.#avoidedUntil.set(url, outcome === "ok" ? 0 : this.#now() + AVOIDED_MS);
    return this.#urls.some((other) => other !== url && !this.#isAvoided(other));
  }

  readonly #isAvoided = (url: string) => (this.#avoidedUntil.get(url) ?? 0) > this.#now();
}

/** The addresses in `LIVEKIT_GO_BRIDGE_URL`: one, or several with commas between them. */
export function bridgeUrls(list: string): string[] {
  return list
    .split(",")
    .map((url) => url.trim())
    .filter((url) => url !== "");
}
