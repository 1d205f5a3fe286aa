import { z } from "zod";
import type { Logger } from "../logger.js";
import { ANSWER_TIMEOUT_MS, type RedisClient, RedisConnection } from "./RedisConnection.js";
import type { Script } from "./scripts.js";

/** The server cannot be reached, or did not answer in time. Holds no URL, which may hold a password. */
export class RedisAwayError extends Error {
  override readonly name = "RedisAwayError";
}

const ReplySchema = z.tuple([z.number(), z.string()]).rest(z.string());
const TimeSchema = z.tuple([z.coerce.number(), z.coerce.number()]);
/** What a script answered, without the clock. */
export type ScriptReply = readonly string[];

/** Runs scripts, and listens to one channel. Whatever is asked is done in bounded time, or not at all. */
export class RedisLink {
  readonly #commands: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #watch: NodeJS.Timeout;
  readonly #log: Logger;
  #isAway = false;
  /** The server's clock less this one's, in ms, as of the last answer. */
  #clockOffset: number | undefined;

  constructor(url: string, channel: string, onMessage: (message: string) => void, log: Logger) {
    this.#log = log;
    this.#commands = new RedisConnection(url);
    this.#subscriber = new RedisConnection(url, (client) => {
      client.subscribe(channel, onMessage).catch(() => {}); // the next connection tries again
    });
    this.#watch = setInterval(() => this.#checkSubscriber(), 2 * ANSWER_TIMEOUT_MS);
  }

  /**
   * Runs a script by its hash. It begins within {@link ANSWER_TIMEOUT_MS} or never.
   * @throws {RedisAwayError}
   */
  async run(script: Script, keys: string[], args: string[]): Promise<ScriptReply> {
    const askedAt = Date.now();
    try {
      const reply = await this.#commands.ask(async (client) => {
        const deadline = Math.ceil(askedAt + (await this.#offset(client)) + ANSWER_TIMEOUT_MS);
        return await evaluate(client, script, keys, [String(deadline), ...args]);
      });
      const [now, outcome, ...rest] = ReplySchema.parse(reply);
      this.#clockOffset = now - Date.now();
      if (outcome === "late") {
        throw new Error("The command came too late.");
      }
      this.#isAway = false;
      return [outcome, ...rest];
    } catch {
      this.#away();
      throw new RedisAwayError("Redis does not answer.");
    }
  }

  close(): void {
    clearInterval(this.#watch);
    this.#commands.close();
    this.#subscriber.close();
  }

  #checkSubscriber(): void {
    this.#subscriber.ask((client) => client.ping()).catch(() => {}); // replaced, or coming back
  }

  /** Asked of the server once; each script's answer tells it anew. */
  async #offset(client: RedisClient): Promise<number> {
    if (this.#clockOffset === undefined) {
      const [seconds, micros] = TimeSchema.parse(await client.sendCommand(["TIME"]));
      this.#clockOffset = seconds * 1000 + micros / 1000 - Date.now();
    }
    return this.#clockOffset;
  }

  #away(): void {
    if (!this.#isAway) {
      this.#isAway = true;
      this.#log.warn("Redis is away: users that are held stay held for the grace time, new ones wait");
    }
  }
}

async function evaluate(
  client: RedisClient,
  script: Script,
  keys: string[],
  args: string[],
): Promise<unknown> {
  try {
    return await client.evalSha(script.sha1, { keys, arguments: args });
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) {
      throw error;
    }
    return await client.eval(script.source, { keys, arguments: args });
  }
}
