import { randomBytes } from "node:crypto";
import type { Logger } from "../logger.js";
import { HeldLease } from "./HeldLease.js";
import type { Attempt, Leases } from "./Lease.js";
import { RedisAwayError, RedisLink, type ScriptReply } from "./RedisLink.js";
import { acquireScript, releaseScript, renewScript, type Script } from "./scripts.js";

/**
 * What the store keeps a lease for beyond its holder's grace time, in ms: within it a holder that gave
 * up has let go of the room.
 */
export const LET_GO_MS = 1_000;
/** Renewals within a grace time: one that is lost costs nothing. */
const RENEWALS_PER_GRACE = 3;

const PREFIX = "server-playback:";
const CHANNEL = `${PREFIX}claims:`;

export interface RedisLeasesOptions {
  /** `redis[s]://[[user][:password]@]host[:port][/database]`. */
  url: string;
  /** How long a holder keeps a user without an answer of the server, in ms. */
  graceMs: number;
  log: Logger;
}

/** Leases shared by the nodes that use one Redis or Valkey server. */
export class RedisLeases implements Leases {
  readonly #owner = randomBytes(9).toString("base64url");
  readonly #held = new Map<string, HeldLease>();
  readonly #options: RedisLeasesOptions;
  readonly #link: RedisLink;
  readonly #renewing: NodeJS.Timeout;

  constructor(options: RedisLeasesOptions) {
    this.#options = options;
    const claimed = (user: string) => this.#held.get(user)?.lose("claimed");
    this.#link = new RedisLink(options.url, CHANNEL + this.#owner, claimed, options.log);
    this.#renewing = setInterval(() => this.#renewAll(), options.graceMs / RENEWALS_PER_GRACE);
  }

  async attempt(user: string): Promise<Attempt> {
    const askedAt = Date.now();
    try {
      const [outcome, fence] = await this.#run(acquireScript, user, [String(this.#ttlMs), user, CHANNEL]);
      return outcome === "granted"
        ? { state: "granted", lease: this.#hold(user, Number(fence), askedAt) }
        : { state: "refused", why: outcome === "held" ? "held" : "settling" };
    } catch (error) {
      return { state: "refused", why: expectAway(error) };
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#renewing);
    await Promise.all([...this.#held.values()].map((lease) => lease.release()));
    this.#link.close();
  }

  get #ttlMs(): number {
    return this.#options.graceMs + LET_GO_MS;
  }

  #hold(user: string, fence: number, askedAt: number): HeldLease {
    this.#held.get(user)?.lose("taken"); // by a later session of this node
    const lease = new HeldLease(user, fence, (released) => this.#free(released));
    lease.lost.addEventListener("abort", () => this.#forget(lease), { once: true });
    this.#held.set(user, lease);
    this.#extend(lease, askedAt);
    return lease;
  }

  /** Counted from the question: the server's own count began later. */
  #extend(lease: HeldLease, askedAt: number): void {
    lease.extend(this.#options.graceMs - (Date.now() - askedAt));
  }

  #renewAll(): void {
    for (const lease of this.#held.values()) {
      void this.#renew(lease);
    }
  }

  async #renew(lease: HeldLease): Promise<void> {
    const askedAt = Date.now();
    try {
      const [outcome] = await this.#run(renewScript, lease.user, [String(this.#ttlMs), String(lease.fence)]);
      if (outcome === "held") {
        this.#extend(lease, askedAt);
      } else {
        lease.lose("taken");
      }
    } catch (error) {
      expectAway(error); // the lease runs on until its time
    }
  }

  /** The server may not hear of it; then the lease runs out there. */
  async #free(lease: HeldLease): Promise<void> {
    this.#forget(lease);
    await this.#run(releaseScript, lease.user, [String(lease.fence)]).catch(expectAway);
  }

  #forget(lease: HeldLease): void {
    if (this.#held.get(lease.user) === lease) {
      this.#held.delete(lease.user);
    }
  }

  /** The user's keys share a slot, for a cluster. */
  #run(script: Script, user: string, args: string[]): Promise<ScriptReply> {
    const keys = [`${PREFIX}lease:{${user}}`, `${PREFIX}fence:{${user}}`];
    return this.#link.run(script, keys, [this.#owner, ...args]);
  }
}

function expectAway(error: unknown): "unreachable" {
  if (error instanceof RedisAwayError) {
    return "unreachable";
  }
  throw error;
}
