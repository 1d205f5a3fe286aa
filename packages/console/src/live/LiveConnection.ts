import { type LiveMessage, LiveMessageSchema } from "@server-playback/protocol";
import type { Link } from "../state/state.js";
import { backoffMs } from "./backoff.js";

/** Messages that come within this time are handed over together, in ms: a burst is drawn once. */
const BATCH_MS = 50;
/** How long the socket may take to open and to send its first message, in ms. */
const OPEN_TIMEOUT_MS = 10_000;

export interface LiveOptions {
  /** Opens a socket; called anew for each attempt. */
  open(): WebSocket;
  onMessages(messages: readonly LiveMessage[]): void;
  onLink(link: Link): void;
  /** The socket ended; resolves to whether another attempt makes sense. */
  mayRetry(): Promise<boolean>;
  random?: () => number;
}

/** The live socket: opened again whenever it ends, until {@link close}. */
export class LiveConnection {
  readonly #options: LiveOptions;
  #socket: WebSocket | undefined;
  #waiting: LiveMessage[] = [];
  #batchTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  /** Attempts since the last message. */
  #attempt = 0;
  #closed = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#open();
  }

  /** Tries again now instead of waiting. */
  retry(): void {
    if (this.#retryTimer !== undefined) {
      clearTimeout(this.#retryTimer);
      this.#open();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#batchTimer);
    clearTimeout(this.#openTimer);
    this.#socket?.close();
  }

  #open(): void {
    this.#retryTimer = undefined;
    this.#options.onLink({ state: "connecting" });
    const socket = this.#options.open();
    this.#socket = socket;
    this.#openTimer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => this.#ended(), { once: true });
  }

  #receive(data: unknown): void {
    const parsed = typeof data === "string" ? LiveMessageSchema.safeParse(parseJson(data)) : undefined;
    if (parsed?.success !== true) {
      return; // a newer server may say more than this page knows
    }
    if (parsed.data.type === "snapshot") {
      clearTimeout(this.#openTimer);
      this.#attempt = 0;
      this.#options.onLink({ state: "open" });
    }
    this.#waiting.push(parsed.data);
    this.#batchTimer ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    if (messages.length > 0) {
      this.#options.onMessages(messages);
    }
  }

  #ended(): void {
    clearTimeout(this.#openTimer);
    this.#socket = undefined;
    if (this.#closed) {
      return;
    }
    this.#flush();
    const waitMs = backoffMs(this.#attempt++, this.#options.random);
    this.#options.onLink({ state: "waiting", retryAt: Date.now() + waitMs });
    this.#retryTimer = setTimeout(() => void this.#reopen(), waitMs);
  }

  async #reopen(): Promise<void> {
    const goOn = await this.#options.mayRetry();
    if (goOn && !this.#closed && this.#socket === undefined) {
      this.#open();
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
