import { z } from "zod";
import { type RedisClient, RedisConnection } from "./RedisConnection.js";
import { emptyRecord, type SessionRecord, type SessionRecords } from "./SessionRecord.js";

/** How long a record is kept after its last change, in seconds: beyond any session that still plays. */
const KEPT_S = 24 * 3600;
const APP = "app:";
const PLAY = "play:";

const FieldsSchema = z.record(z.string(), z.string());
type Fields = Record<string, string>;

/**
 * One hash a user in Redis or Valkey: `app:<packageName>`, and `play:<requestId>` with its package. What
 * this node's users have is kept here too, for a server that comes back with nothing.
 */
export class RedisSessionRecords implements SessionRecords {
  readonly #connection: RedisConnection;
  readonly #own = new Map<string, Fields>();

  constructor(url: string) {
    this.#connection = new RedisConnection(url, (client) => {
      for (const [user, fields] of this.#own) {
        write(client, user, fields).catch(() => {}); // the next connection tries again
      }
    });
  }

  async load(user: string): Promise<SessionRecord> {
    try {
      return parse(FieldsSchema.parse(await this.#connection.ask((client) => client.hGetAll(keyOf(user)))));
    } catch {
      return emptyRecord; // the user starts anew
    }
  }

  keep(user: string, { apps, unanswered }: SessionRecord): void {
    const fields = this.#fieldsOf(user);
    for (const packageName of apps) {
      fields[APP + packageName] = "";
    }
    for (const [requestId, packageName] of unanswered) {
      fields[PLAY + requestId] = packageName;
    }
  }

  started(user: string, packageName: string): void {
    this.#set(user, APP + packageName, "");
  }

  stopped(user: string, packageName: string): void {
    this.#delete(user, APP + packageName);
  }

  asked(user: string, requestId: string, packageName: string): void {
    this.#set(user, PLAY + requestId, packageName);
  }

  answered(user: string, requestId: string): void {
    this.#delete(user, PLAY + requestId);
  }

  leave(user: string): void {
    this.#own.delete(user);
  }

  forget(user: string): void {
    this.#own.delete(user);
    this.#tell((client) => client.del(keyOf(user)));
  }

  close(): void {
    this.#connection.close();
  }

  #fieldsOf(user: string): Fields {
    const fields = this.#own.get(user) ?? {};
    this.#own.set(user, fields);
    return fields;
  }

  #set(user: string, field: string, value: string): void {
    this.#fieldsOf(user)[field] = value;
    this.#tell((client) => write(client, user, { [field]: value }));
  }

  #delete(user: string, field: string): void {
    delete this.#own.get(user)?.[field];
    this.#tell((client) => client.hDel(keyOf(user), field));
  }

  #tell(change: (client: RedisClient) => Promise<unknown>): void {
    this.#connection.ask(change).catch(() => {});
  }
}

async function write(client: RedisClient, user: string, fields: Fields): Promise<void> {
  if (Object.keys(fields).length > 0) {
    await client.multi().hSet(keyOf(user), fields).expire(keyOf(user), KEPT_S).exec();
  }
}

function keyOf(user: string): string {
  return `server-playback:session:{${user}}`;
}

function parse(fields: Fields): SessionRecord {
  const all = Object.entries(fields);
  const of = (prefix: string) => all.filter(([field]) => field.startsWith(prefix));
  return {
    apps: of(APP).map(([field]) => field.slice(APP.length)),
    unanswered: new Map(of(PLAY).map(([field, packageName]) => [field.slice(PLAY.length), packageName])),
  };
}
