import { z } from "zod";
import { type RedisClient, RedisConnection } from "./RedisConnection.js";
import { emptyRecord, type SessionRecord, type SessionRecords } from "./SessionRecord.js";

/** How long a record is kept after its last change, in seconds: beyond any session that still plays. */
const KEPT_S = 24 * 3600;
const APP = "app:";
const PLAY = "play:";

const FieldsSchema = z.record(z.string(), z.string());

/** One hash a user in Redis or Valkey: `app:<packageName>`, and `play:<requestId>` with its package. */
export class RedisSessionRecords implements SessionRecords {
  readonly #connection: RedisConnection;

  constructor(url: string) {
    this.#connection = new RedisConnection(url);
  }

  async load(user: string): Promise<SessionRecord> {
    try {
      return parse(FieldsSchema.parse(await this.#connection.ask((client) => client.hGetAll(keyOf(user)))));
    } catch {
      return emptyRecord; // the user starts anew
    }
  }

  started(user: string, packageName: string): void {
    this.#set(user, APP + packageName, "");
  }

  stopped(user: string, packageName: string): void {
    this.#write((client) => client.hDel(keyOf(user), APP + packageName));
  }

  asked(user: string, requestId: string, packageName: string): void {
    this.#set(user, PLAY + requestId, packageName);
  }

  answered(user: string, requestId: string): void {
    this.#write((client) => client.hDel(keyOf(user), PLAY + requestId));
  }

  forget(user: string): void {
    this.#write((client) => client.del(keyOf(user)));
  }

  close(): void {
    this.#connection.close();
  }

  #set(user: string, field: string, value: string): void {
    this.#write((client) =>
      client.multi().hSet(keyOf(user), field, value).expire(keyOf(user), KEPT_S).exec(),
    );
  }

  #write(change: (client: RedisClient) => Promise<unknown>): void {
    this.#connection.ask(change).catch(() => {});
  }
}

function keyOf(user: string): string {
  return `server-playback:session:{${user}}`;
}

function parse(fields: Record<string, string>): SessionRecord {
  const all = Object.entries(fields);
  const of = (prefix: string) => all.filter(([field]) => field.startsWith(prefix));
  return {
    apps: of(APP).map(([field]) => field.slice(APP.length)),
    unanswered: new Map(of(PLAY).map(([field, packageName]) => [field.slice(PLAY.length), packageName])),
  };
}
