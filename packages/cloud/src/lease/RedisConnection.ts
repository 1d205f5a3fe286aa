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

  /** Asks, and rejects when there is no answer within {@link ANSWER_TIMEOUT_MS}. */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#replace(client);
        reject(new Error("no answer"));
      }, ANSWER_TIMEOUT_MS);
    });
    try {
      return await Promise.race([question(client), late]);
    } finally {
      clearTimeout(timer);
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
