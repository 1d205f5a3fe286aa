import { setTimeout as pause } from "node:timers/promises";
import {
  BridgeClient,
  BridgeClientError,
  type BridgeClosed,
  type ConnectOptions,
} from "@server-playback/bridge-client";
import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import type { BridgeDirectory } from "./bridge-directory.js";
import { type Logger, loggableUrl } from "./logger.js";
import type { Metrics } from "./metrics.js";

/** How long server playback rests for a session after no bridge could be reached, unless set. */
const BRIDGE_COOLDOWN_MS = 5 * 60_000;
/** Between two rounds through the list of bridges, or two tries to take a session up, in ms. */
const ROUND_PAUSE_MS = 200;
/** How long a bridge that plays on may take to be reached again, in ms, before it counts as lost. */
const RESUME_MS = 5_000;
/** How long a bridge is looked for when the one that played is lost, in ms. */
export const RECOVERY_MS = 5_000;
/** The bridge has ended the session itself (RFC 6455, section 7.4.1): there is nothing to take up. */
const GOING_AWAY = 1001;

/** What is needed of a connection to a bridge. */
export type BridgeConnection = Pick<
  BridgeClient,
  "send" | "sendPcm" | "on" | "close" | "isOpen" | "sessionId" | "lastSeq" | "resumed"
>;

export type ConnectBridge = (url: string, options: ConnectOptions) => Promise<BridgeConnection>;

export interface BridgeLinkOptions {
  readonly bridges: BridgeDirectory;
  readonly secret?: string | undefined;
  readonly cooldownMs?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly connect?: ConnectBridge | undefined;
}

/** What the link needs of the one that it serves. */
export interface BridgeLinkOwner {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly roomName: string;
  /** An identity of its own for each connection, so that no two ever evict each other. */
  newIdentity(): string;
  /** What every command carries for the bridge to know an older owner of the room by. */
  fence?(): { fence?: number };
  onEvent(event: BridgeEvent): void;
  /** The connection was cut and is there again: the bridge has played on, and missed what was sent meanwhile. */
  onResumed(): void;
  /** The bridge is gone, and with it what it knew; its identity may linger in the room. */
  onLost(identity: string): void;
}

/** An open connection, with the identity that its tokens carry. */
export interface OpenBridge {
  readonly client: BridgeConnection;
  readonly identity: string;
  readonly url: string;
}

type LinkState =
  | { readonly state: "idle" }
  | { readonly state: "connecting"; readonly abort: AbortController; readonly opening: Promise<OpenBridge> }
  | { readonly state: "open"; readonly bridge: OpenBridge }
  | { readonly state: "resting"; readonly until: number }
  | { readonly state: "closed" };

/**
 * One user's connection to a bridge: made when it is first needed, with the first bridge that answers.
 * When none does, the link rests for the cooldown. A connection that is cut is taken up again where the
 * bridge lives on; else it is made anew, with another bridge.
 */
export class BridgeLink {
  readonly #owner: BridgeLinkOwner;
  readonly #options: BridgeLinkOptions;
  #link: LinkState = { state: "idle" };

  constructor(owner: BridgeLinkOwner, options: BridgeLinkOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  get state(): LinkState["state"] {
    return this.#link.state === "resting" && !this.isResting ? "idle" : this.#link.state;
  }

  get isResting(): boolean {
    return this.#link.state === "resting" && this.#options.now() < this.#link.until;
  }

  /** The connection that is open now. */
  get current(): OpenBridge | undefined {
    return this.#link.state === "open" ? this.#link.bridge : undefined;
  }

  /**
   * The open connection, made if there is none. Calls at the same time share one attempt, which goes
   * through the list of bridges once, and again for `patienceMs`.
   */
  open(patienceMs = 0): Promise<OpenBridge> {
    const link = this.#link;
    if (link.state === "open" && !link.bridge.client.isOpen) {
      this.#cut(link.bridge, 1006); // it is closing: its end is only yet to be told
      return this.open(patienceMs);
    }
    if (link.state === "open") {
      return Promise.resolve(link.bridge);
    }
    if (link.state === "connecting") {
      return link.opening;
    }
    if (link.state === "closed" || this.isResting) {
      return Promise.reject(new Error(`Server playback is ${link.state}.`));
    }
    return this.#begin(patienceMs);
  }

  /** Sends on the open connection; what cannot be sent is dropped, for the end of the connection follows. */
  send(command: BridgeCommand): boolean {
    try {
      this.current?.client.send({ ...command, ...this.#owner.fence?.() });
      return this.current !== undefined;
    } catch {
      return false;
    }
  }

  /** Notes that this bridge takes nothing more; says whether there is another that may not be. */
  canMoveOn(): boolean {
    const url = this.current?.url ?? "";
    return this.#options.bridges.report(url, "at_capacity");
  }

  /** Leaves this bridge, so that the next call of {@link open} looks for another. */
  async leave(): Promise<void> {
    const bridge = this.current;
    if (bridge !== undefined) {
      this.#link = { state: "idle" };
      await bridge.client.close();
    }
  }

  /** Says the farewell on the open connection and ends it, or the attempt to make one. */
  async close(farewell: readonly BridgeCommand[]): Promise<void> {
    const link = this.#link;
    if (link.state === "open") {
      farewell.forEach((command) => {
        this.send(command);
      });
    }
    this.#link = { state: "closed" };
    if (link.state === "connecting") {
      link.abort.abort();
      await link.opening.catch(() => {}); // its failure is told to those who asked for it
    }
    if (link.state === "open") {
      await link.bridge.client.close();
    }
  }

  #begin(patienceMs: number): Promise<OpenBridge> {
    const abort = new AbortController();
    const opening = this.#connect(abort, this.#options.now() + patienceMs);
    if (this.#link.state !== "closed") {
      this.#link = { state: "connecting", abort, opening };
    }
    return opening;
  }

  async #connect(abort: AbortController, until: number): Promise<OpenBridge> {
    try {
      const { client, url } = await this.#firstThatAnswers(abort.signal, until);
      if (abort.signal.aborted) {
        await client.close();
        throw new Error("Closed while connecting.");
      }
      return this.#connected(client, url);
    } catch (error) {
      this.#failed(abort, error);
      throw error;
    }
  }

  async #firstThatAnswers(
    signal: AbortSignal,
    until: number,
  ): Promise<{ client: BridgeConnection; url: string }> {
    const { bridges, secret, connect = BridgeClient.connect } = this.#options;
    let failure: unknown = new Error("There is no bridge.");
    for (const url of await bridges.candidates(this.#owner.roomName)) {
      signal.throwIfAborted();
      try {
        const client = await connect(url, { secret, signal });
        bridges.report(url, "ok");
        return { client, url };
      } catch (error) {
        failure = error;
        if (!signal.aborted) {
          bridges.report(url, "unreachable");
        }
      }
    }
    if (this.#options.now() + ROUND_PAUSE_MS > until) {
      throw failure;
    }
    await pause(ROUND_PAUSE_MS, undefined, { signal });
    return await this.#firstThatAnswers(signal, until);
  }

  #connected(client: BridgeConnection, url: string): OpenBridge {
    const bridge: OpenBridge = { client, url, identity: this.#owner.newIdentity() };
    this.#owner.log.info({ identity: bridge.identity, bridge: loggableUrl(url) }, "bridge connected");
    return this.#follow(bridge);
  }

  #follow(bridge: OpenBridge): OpenBridge {
    bridge.client.on("event", (event) => this.#take(event));
    bridge.client.on("close", ({ wanted, code }: BridgeClosed) => wanted || this.#cut(bridge, code));
    this.#link = { state: "open", bridge };
    return bridge;
  }

  /** What fails here stays here: the glasses' playback shares this process. */
  #take(event: BridgeEvent): void {
    try {
      this.#owner.onEvent(event);
    } catch (error) {
      this.#owner.log.error({ type: event.type, error: describe(error) }, "a bridge event failed");
    }
  }

  #failed(abort: AbortController, error: unknown): void {
    if (abort.signal.aborted) {
      return;
    }
    const { cooldownMs = BRIDGE_COOLDOWN_MS, now } = this.#options;
    this.#link = { state: "resting", until: now() + cooldownMs };
    this.#owner.metrics.bridgeErrors.inc();
    this.#owner.log.warn({ error: describe(error), cooldownMs }, "no bridge: server playback rests");
  }

  #cut(bridge: OpenBridge, code: number): void {
    if (this.current !== bridge) {
      return;
    }
    this.#owner.metrics.bridgeErrors.inc();
    this.#owner.log.warn({ bridge: loggableUrl(bridge.url), code }, "the connection to the bridge was cut");
    if (bridge.client.sessionId === undefined || code === GOING_AWAY) {
      this.#link = { state: "idle" };
      this.#owner.onLost(bridge.identity);
      return;
    }
    const abort = new AbortController();
    const opening = this.#comeBack(bridge, abort);
    this.#link = { state: "connecting", abort, opening };
    opening.catch(() => {}); // told to those who wait for it, if anybody does
  }

  /** The same bridge if it can be reached and knows the session; else any. */
  async #comeBack(bridge: OpenBridge, abort: AbortController): Promise<OpenBridge> {
    const client = await this.#takeUp(bridge, abort.signal);
    if (abort.signal.aborted) {
      await client?.close();
      throw new Error("Closed while connecting.");
    }
    if (client?.resumed) {
      this.#owner.log.info(
        { bridge: loggableUrl(bridge.url) },
        "the connection to the bridge is there again",
      );
      const again = this.#follow({ ...bridge, client });
      this.#owner.onResumed();
      return again;
    }
    this.#owner.log.warn({ bridge: loggableUrl(bridge.url) }, "the bridge was lost");
    this.#owner.onLost(bridge.identity);
    if (client !== undefined) {
      return this.#connected(client, bridge.url); // another run of it
    }
    this.#options.bridges.report(bridge.url, "unreachable");
    return await this.#connect(abort, this.#options.now() + RECOVERY_MS);
  }

  /** A connection to this bridge that asks for the session; undefined if it cannot be reached. */
  async #takeUp({ url, client }: OpenBridge, signal: AbortSignal): Promise<BridgeConnection | undefined> {
    const { secret, connect = BridgeClient.connect, now } = this.#options;
    const { sessionId = "", lastSeq: after } = client;
    for (const until = now() + RESUME_MS; now() < until && !signal.aborted; ) {
      try {
        return await connect(url, { secret, signal, resume: { sessionId, after } });
      } catch (error) {
        if (error instanceof BridgeClientError && error.code !== "timeout") {
          return undefined; // nobody listens there: the process is gone, and its sounds with it
        }
        await pause(ROUND_PAUSE_MS, undefined, { signal }).catch(() => {}); // aborted: the loop looks
      }
    }
    return undefined;
  }
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
