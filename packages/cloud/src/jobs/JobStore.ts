import { rmSync } from "node:fs";
import { type Job, JobSchema, type JobSummary, JobSummarySchema } from "@server-playback/protocol";
import sqlite from "node-sqlite3-wasm";

/** In `PRAGMA user_version`: a file with another one was written by another version of this table. */
const SCHEMA_VERSION = 1;
/** How long changes gather before they are written, in ms: one transaction carries them all. */
const FLUSH_MS = 250;

/** A job with its place in the order of all jobs. */
export interface StoredJob {
  readonly seq: number;
  readonly job: Job;
}

export interface JobQuery {
  /** At most this many, newest first. */
  readonly limit: number;
  /** Only jobs older than the one with this number. */
  readonly before?: number | undefined;
  readonly userId?: string | undefined;
  readonly state?: JobSummary["state"] | undefined;
}

/** The file of jobs cannot be used; the message says what to do. */
export class JobStoreError extends Error {
  override readonly name = "JobStoreError";
}

/**
 * Jobs in an SQLite file, the newest `max` of them. One process a file. Writing is batched, and does
 * not wait for the disk: what was written survives the end of this process, though not of the machine.
 */
export class JobStore {
  readonly #db: sqlite.Database;
  readonly #max: number;
  readonly #waiting = new Map<number, () => Job>();
  #timer: NodeJS.Timeout | undefined;
  #nextSeq: number;

  /**
   * @param path a file, or `:memory:`
   * @throws {JobStoreError} the file cannot be opened, or is none of this server's
   */
  constructor(path: string, max: number) {
    this.#max = max;
    this.#db = open(path);
    this.#nextSeq = numberOf(this.#db, "SELECT max(seq) FROM jobs") + 1;
  }

  newSeq(): number {
    return this.#nextSeq++;
  }

  /** Writes the job within {@link FLUSH_MS}, as it is then. */
  save(seq: number, job: () => Job): void {
    this.#waiting.set(seq, job);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  list({ limit, before, userId, state }: JobQuery): StoredJob[] {
    this.flush();
    const rows = this.#db.all(
      `SELECT seq, body FROM jobs
       WHERE (:before IS NULL OR seq < :before) AND (:user IS NULL OR user_id = :user)
         AND (:state IS NULL OR state = :state)
       ORDER BY seq DESC LIMIT :limit`,
      { ":before": before ?? null, ":user": userId ?? null, ":state": state ?? null, ":limit": limit },
    );
    return rows.map(readRow);
  }

  /** The newest job of this name. */
  get(requestId: string): StoredJob | undefined {
    this.flush();
    const row = this.#db.get(
      "SELECT seq, body FROM jobs WHERE request_id = ? ORDER BY seq DESC LIMIT 1",
      requestId,
    );
    return row === null ? undefined : readRow(row);
  }

  /** Writes what waits, and forgets the oldest jobs beyond the limit. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) {
      return;
    }
    this.#db.exec("BEGIN");
    for (const [seq, job] of this.#waiting) {
      this.#write(seq, job());
    }
    this.#db.run("DELETE FROM jobs WHERE seq <= ?", this.#nextSeq - 1 - this.#max);
    this.#db.exec("COMMIT");
    this.#waiting.clear();
  }

  /** Writes what waits and lets go of the file. May be called more than once. */
  close(): void {
    if (this.#db.isOpen) {
      this.flush();
      this.#db.close();
    }
  }

  #write(seq: number, job: Job): void {
    this.#db.run(
      "INSERT OR REPLACE INTO jobs (seq, request_id, user_id, state, body) VALUES (?, ?, ?, ?, ?)",
      [seq, job.requestId, job.userId, job.state, JSON.stringify(job)],
    );
  }
}

function open(path: string): sqlite.Database {
  try {
    if (path !== ":memory:") {
      rmSync(`${path}.lock`, { recursive: true, force: true }); // left by a process that was killed
    }
    const db = new sqlite.Database(path);
    prepare(db);
    return db;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new JobStoreError(
      `JOBS_DB: ${path} cannot be used (${why}); name a file that this process can write, or move the old one away.`,
    );
  }
}

function prepare(db: sqlite.Database): void {
  db.exec("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF;");
  const version = numberOf(db, "PRAGMA user_version");
  if (version !== 0 && version !== SCHEMA_VERSION) {
    throw new Error(`it is of version ${version}, this server's is ${SCHEMA_VERSION}`);
  }
  db.exec(`
    CREATE TABLE IF NOT EXISTS jobs (
      seq INTEGER PRIMARY KEY, request_id TEXT NOT NULL, user_id TEXT NOT NULL, state TEXT NOT NULL,
      body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS jobs_by_request ON jobs (request_id);
    CREATE INDEX IF NOT EXISTS jobs_by_user ON jobs (user_id, seq);
    CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, seq);
    PRAGMA user_version = ${SCHEMA_VERSION};`);
}

/** The one value of a query; no value is 0. */
function numberOf(db: sqlite.Database, query: string): number {
  const [value] = Object.values(db.get(query) ?? {});
  return Number(value ?? 0);
}

function readRow(row: sqlite.QueryResult): StoredJob {
  const { seq, body } = row;
  return { seq: Number(seq), job: JobSchema.parse(JSON.parse(String(body))) };
}

/** The job without its timeline. */
export function summaryOf(job: Job): JobSummary {
  return JobSummarySchema.parse(job);
}
