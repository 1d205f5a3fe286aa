import type { Job, JobList, JobStep, JobSummary } from "@server-playback/protocol";
import type { JobNews, JobObserver } from "../JobObserver.js";
import type { SpeakerJob } from "../speaker-job.js";
import { type JobQuery, type JobStore, summaryOf } from "./JobStore.js";
import { asSummary } from "./summary.js";
import { Timeline } from "./timeline.js";

/** What changes in the history, as it does. */
export type HistoryEvent =
  | { readonly type: "job"; readonly job: JobSummary }
  | { readonly type: "job_step"; readonly requestId: string; readonly step: JobStep };

interface KnownJob {
  readonly seq: number;
  readonly timeline: Timeline;
  summary: JobSummary;
}

/** Ended jobs that can still be told something: the glasses often answer after the room is done. */
const MAX_RECENT = 512;

/** Every job with what it went through: those that run here, and in the store those that have ended. */
export class JobHistory implements JobObserver {
  readonly #store: JobStore;
  readonly #now: () => number;
  /** Those that run, and the newest that have ended; by user and requestId, oldest first. */
  readonly #known = new Map<string, KnownJob>();
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  constructor(store: JobStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#endInterrupted();
  }

  /** Listens to what changes; returns what ends the listening. Listeners must not throw. */
  listen(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onJob(userId: string, job: SpeakerJob): void {
    const key = keyOf(userId, job.requestId);
    const known = this.#known.get(key);
    const now = this.#now();
    if (known === undefined || known.summary.startedAt !== job.startedAt) {
      this.#begin(key, asSummary(userId, job, now));
      return;
    }
    const summary = { ...known.summary, ...asSummary(userId, job, now) };
    // Positions come once a second; what is written is what the job has come to.
    this.#change(known, summary, summary.state !== known.summary.state);
  }

  onStep(userId: string, requestId: string, { step, ...details }: JobNews): void {
    const known = this.#known.get(keyOf(userId, requestId));
    if (known === undefined) {
      return;
    }
    if (step === "glasses_answered" && details.positionMs !== undefined) {
      this.#change(known, { ...known.summary, deviceDurationMs: details.positionMs }, false);
    }
    const atMs = Math.max(0, this.#now() - known.summary.startedAt);
    const taken: JobStep = { step, atMs, ...details };
    if (known.timeline.add(taken)) {
      if (step !== "progress") {
        this.#save(known);
      }
      this.#tell({ type: "job_step", requestId, step: taken });
    }
  }

  /** A page of jobs, newest first. */
  list(query: JobQuery): JobList {
    const found = this.#store.list({ ...query, limit: query.limit + 1 });
    const page = found.slice(0, query.limit);
    const next = found.length > query.limit ? page.at(-1)?.seq : undefined;
    return {
      jobs: page.map(({ job }) => this.#current(job)?.summary ?? summaryOf(job)),
      ...(next === undefined ? {} : { next: String(next) }),
    };
  }

  /** The newest job of this name, with its timeline. */
  get(requestId: string): Job | undefined {
    const stored = this.#store.get(requestId)?.job;
    const known = stored === undefined ? undefined : this.#current(stored);
    return known === undefined ? stored : asJob(known);
  }

  /** Writes what is not yet written, and closes the store. */
  close(): void {
    this.#listeners.clear();
    this.#store.close();
  }

  #begin(key: string, summary: JobSummary): void {
    const known = { seq: this.#store.newSeq(), timeline: new Timeline(), summary };
    this.#known.delete(key);
    this.#known.set(key, known);
    this.#forgetOldest();
    this.#change(known, summary, true);
  }

  #change(known: KnownJob, summary: JobSummary, isToBeKept: boolean): void {
    known.summary = summary;
    if (isToBeKept) {
      this.#save(known);
    }
    this.#tell({ type: "job", job: summary });
  }

  #save(known: KnownJob): void {
    this.#store.save(known.seq, () => asJob(known));
  }

  #current({ userId, requestId, startedAt }: Job): KnownJob | undefined {
    const known = this.#known.get(keyOf(userId, requestId));
    return known?.summary.startedAt === startedAt ? known : undefined;
  }

  #tell(event: HistoryEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }

  /** Those that run are few, by the limit of each session. */
  #forgetOldest(): void {
    for (const [key, { summary }] of this.#known) {
      if (this.#known.size <= MAX_RECENT) {
        return;
      }
      if (summary.state !== "pending" && summary.state !== "streaming") {
        this.#known.delete(key);
      }
    }
  }

  /** Jobs that ran when the last process on this store was killed have no end: they get one. */
  #endInterrupted(): void {
    for (const state of ["pending", "streaming"] as const) {
      for (const { seq, job } of this.#store.list({ limit: Number.MAX_SAFE_INTEGER, state })) {
        this.#store.save(seq, () => interrupted(job));
      }
    }
  }
}

function interrupted(job: Job): Job {
  const atMs = job.timeline.at(-1)?.atMs ?? 0;
  return {
    ...job,
    state: "error",
    error: "internal",
    message: "The server ended during this play.",
    endedAt: job.startedAt + atMs,
    timeline: [...job.timeline, { step: "ended", atMs, note: "internal" }],
  };
}

function asJob({ summary, timeline }: KnownJob): Job {
  return { ...summary, timeline: [...timeline.steps] };
}

function keyOf(userId: string, requestId: string): string {
  return JSON.stringify([userId, requestId]);
}
