import { once } from "node:events";
import { createClient } from "@redis/client";

/** Bound of one answer, in ms. A server that takes longer counts as away. */
export const ANSWER_TIMEOUT_MS = 1_000;
/** Longest pause between attempts to reach the server again, in ms. */
const MAX_RECONNECT_MS = 1_000;

export type RedisClient = ReturnType<typeof newClient>;

/**
 * A connection to a Redis or Valkey server that comes back by itself. One that does not answer is
 * replaced: TCP alone trusts a dead one for minutes.
 */
export class RedisConnection {
  readonly #url: string;
  readonly #onReady: (client: RedisClient) => void;
  #client: RedisClient;
  #isClosed = false;

  /** `onReady` is called with each new connection. */
  constructor(url: string, onReady: (client: RedisClient) => void = () => {}) {
    this.#url = url;
    this.#onReady = onReady;
    this.#client = this.#open();
  }

  /** Asks, once connected, and rejects when there is no answer within {@link ANSWER_TIMEOUT_MS}. */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const tooLate = once(late, "abort").then(() => {
      throw new Error("no answer");
    });
    tooLate.catch(() => {}); // nobody waits any more
    const asked = client.isReady ? question(client) : whenReady(client, late).then(() => question(client));
    try {
      return await Promise.race([asked, tooLate]);
    } catch (error) {
      if (late.aborted && client.isReady) {
        this.#replace(client);
      }
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    end(this.#client);
  }

  #open(): RedisClient {
    const client = newClient(this.#url);
    client.on("error", () => {}); // whoever asks is told
    client.on("ready", () => this.#onReady(client));
    client.connect().catch(() => {}); // goes on trying
    return client;
  }

  /** Whatever else waits on it fails with it. */
  #replace(client: RedisClient): void {
    if (this.#client === client && !this.#isClosed) {
      this.#client = this.#open();
      end(client);
    }
  }
}

async function whenReady(client: RedisClient, late: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    client.once("ready", resolve);
    late.addEventListener("abort", () => client.off("ready", resolve), { once: true });
  });
}

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: ANSWER_TIMEOUT_MS,
      reconnectStrategy: (tries) =>
        Math.min(50 * 2 ** Math.min(tries, 6), MAX_RECONNECT_MS) * (0.5 + Math.random() / 2),
    },
  });
}

function end(client: RedisClient): void {
  if (client.isOpen) {
    client.destroy();
  }
}
