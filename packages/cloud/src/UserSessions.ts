import type { SessionRecord } from "./lease/SessionRecord.js";
import type { SpeakerJob } from "./speaker-job.js";
import { type SessionContext, UserSession } from "./UserSession.js";

/** Every user's session: one a user. */
export class UserSessions {
  readonly #context: SessionContext;
  readonly #byUser = new Map<string, UserSession>();
  /** Sessions that end still have sockets to close and apps to tell. */
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  get(userId: string): UserSession | undefined {
    return this.#byUser.get(userId);
  }

  /** Every session. */
  [Symbol.iterator](): IterableIterator<UserSession> {
    return this.#byUser.values();
  }

  /** A job that has not ended, and whose it is. */
  findJob(requestId: string): { session: UserSession; job: SpeakerJob } | undefined {
    for (const session of this) {
      const job = session.speaker.job(requestId);
      if (job !== undefined) {
        return { session, job };
      }
    }
    return undefined;
  }

  /**
   * The user's session, begun if there is none, where another node's has ended if there was one;
   * `undefined` once the server closes.
   */
  async getOrStart(userId: string): Promise<UserSession | undefined> {
    return this.#byUser.get(userId) ?? (await this.#startOrAdopt(userId));
  }

  /** The session of a user who has started this app, at this node or at another before. */
  async withApp(userId: string, packageName: string): Promise<UserSession | undefined> {
    const session = this.#byUser.get(userId);
    if (session?.hasStarted(packageName)) {
      return session;
    }
    const record = await this.#context.records.load(userId);
    if (!record.apps.includes(packageName)) {
      return undefined;
    }
    const started = await this.#startOrAdopt(userId, record);
    started?.adopt(record); // begun meanwhile, or without a record: Redis was away
    return started;
  }

  /** Lets no new sound begin; resolves when those that sound have ended, or the signal fires. */
  async drain(signal: AbortSignal): Promise<void> {
    await Promise.all([...this].map((session) => session.drain(signal)));
  }

  /** Ends all sessions and waits until every one has let go of what it owned; no new one begins. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#byUser.values()]) {
      void session.end("restarting");
    }
    await Promise.all(this.#ending);
  }

  async #startOrAdopt(userId: string, known?: SessionRecord): Promise<UserSession | undefined> {
    const record = known ?? (await this.#context.records.load(userId));
    const session = this.#byUser.get(userId); // begun meanwhile
    if (session !== undefined || this.#closed) {
      return session;
    }
    const started = this.#start(userId);
    started.adopt(record);
    return started;
  }

  #start(userId: string): UserSession {
    const session = new UserSession(userId, this.#context, (end) => {
      this.#byUser.delete(userId);
      this.#count();
      this.#context.observer?.onSessionEnded(userId);
      this.#ending.add(end);
      void end.finally(() => this.#ending.delete(end));
    });
    this.#byUser.set(userId, session);
    this.#count();
    this.#context.observer?.onSession(session);
    return session;
  }

  #count(): void {
    this.#context.metrics.sessions.set(this.#byUser.size);
  }
}
