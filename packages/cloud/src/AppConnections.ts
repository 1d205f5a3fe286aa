import type { CloudToApp } from "@server-playback/protocol";
import { type CloseCode, closeCodes } from "./close-codes.js";
import type { MessageSocket } from "./JsonSocket.js";

/** Messages kept for an app whose socket is gone; the oldest is dropped beyond it. */
const MAX_UNDELIVERED = 64;

export type AppSocket = MessageSocket<CloudToApp>;

/** An app that the user has started. While it is away, its messages wait for it, for the grace time. */
type AppLink =
  | { readonly state: "away"; readonly grace: NodeJS.Timeout; readonly undelivered: CloudToApp[] }
  | { readonly state: "connected"; readonly socket: AppSocket };

/** The started apps of one session and their sockets. */
export class AppConnections {
  readonly #graceMs: number;
  readonly #onGone: (packageName: string) => void;
  readonly #links = new Map<string, AppLink>();
  readonly #arrivals = new Map<string, () => void>();

  /** `onGone` is told of an app that stayed away for longer than `graceMs`. */
  constructor(graceMs: number, onGone: (packageName: string) => void) {
    this.#graceMs = graceMs;
    this.#onGone = onGone;
  }

  get packageNames(): string[] {
    return [...this.#links.keys()];
  }

  isStarted(packageName: string): boolean {
    return this.#links.has(packageName);
  }

  isConnected(packageName: string): boolean {
    return this.#links.get(packageName)?.state === "connected";
  }

  /** Whether this socket is the app's, not one that was replaced or removed. */
  isCurrent(packageName: string, socket: AppSocket): boolean {
    const link = this.#links.get(packageName);
    return link?.state === "connected" && link.socket === socket;
  }

  /** Lets the app in from now on; resolves when it has connected, or was removed. */
  expect(packageName: string): Promise<void> {
    if (!this.#links.has(packageName)) {
      this.#links.set(packageName, this.#away(packageName));
    }
    return new Promise((resolve) => this.#arrivals.set(packageName, resolve));
  }

  /** Makes the socket the app's, greets it, and hands over what waited. */
  attach(packageName: string, socket: AppSocket, greeting: CloudToApp): void {
    const link = this.#links.get(packageName);
    this.#links.set(packageName, { state: "connected", socket });
    socket.send(greeting);
    if (link?.state === "away") {
      clearTimeout(link.grace);
      for (const message of link.undelivered) {
        socket.send(message);
      }
    }
    if (link?.state === "connected") {
      link.socket.close(closeCodes.replaced);
    }
    this.#arrived(packageName);
  }

  /** The app's socket is gone; the app has the grace time to come back. */
  detach(packageName: string): void {
    this.#links.set(packageName, this.#away(packageName));
  }

  send(packageName: string, message: CloudToApp): void {
    const link = this.#links.get(packageName);
    if (link?.state === "connected") {
      link.socket.send(message);
    } else if (link?.state === "away") {
      link.undelivered.push(message);
      if (link.undelivered.length > MAX_UNDELIVERED) {
        link.undelivered.shift();
      }
    }
  }

  /** Forgets the app; its socket, if it has one, is told `farewell` and closed. */
  remove(packageName: string, code: CloseCode, farewell?: CloudToApp): void {
    const link = this.#links.get(packageName);
    this.#links.delete(packageName);
    if (link?.state === "away") {
      clearTimeout(link.grace);
    }
    if (link?.state === "connected") {
      if (farewell !== undefined) {
        link.socket.send(farewell);
      }
      link.socket.close(code);
    }
    this.#arrived(packageName);
  }

  #away(packageName: string): AppLink {
    const gone = () => {
      this.#onGone(packageName);
    };
    return { state: "away", grace: setTimeout(gone, this.#graceMs), undelivered: [] };
  }

  #arrived(packageName: string): void {
    this.#arrivals.get(packageName)?.();
    this.#arrivals.delete(packageName);
  }
}
