import type { Job, JobList, JobStep, JobSummary } from "@server-playback/protocol";
import { type JobQuery, type JobStore, summaryOf } from "./JobStore.js";
import { Timeline } from "./timeline.js";

/** What is known of a job when it is asked for. */
export type NewJob = Pick<
  JobSummary,
  "requestId" | "userId" | "packageName" | "what" | "kind" | "mode" | "trackId"
>;

/** What of a job may change while it runs. */
export type JobChange = Partial<Omit<JobSummary, keyof NewJob | "startedAt">>;

/** What a step adds to its name. */
export type StepDetails = Partial<Omit<JobStep, "step" | "atMs">>;

export type HistoryEvent =
  | { readonly type: "job"; readonly job: JobSummary }
  | { readonly type: "job_step"; readonly requestId: string; readonly step: JobStep };

interface OpenJob {
  readonly seq: number;
  readonly timeline: Timeline;
  summary: JobSummary;
}

/** Ended jobs that can still be told something: the glasses often answer after the room is done. */
const MAX_RECENT = 512;

/** Every job with what it went through: those that run here, and those that ended in the store. */
export class JobHistory {
  readonly #store: JobStore;
  readonly #now: () => number;
  /** Those that run, and behind them the newest that ended; by user and requestId. */
  readonly #open = new Map<string, OpenJob>();
  readonly #listeners = new Set<(event: HistoryEvent) => void>();

  constructor(store: JobStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
    this.#closeInterrupted();
  }

  /** Listens to what changes; returns what ends the listening. Listeners must not throw. */
  listen(listener: (event: HistoryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins a job. One of the same name that was begun before is another job. */
  begin(job: NewJob): void {
    const summary: JobSummary = { ...job, state: "pending", startedAt: this.#now() };
    const open = { seq: this.#store.newSeq(), timeline: new Timeline(), summary };
    const key = keyOf(job.userId, job.requestId);
    this.#open.delete(key);
    this.#open.set(key, open);
    this.#forgetOldest();
    this.#change(open, {});
    this.#step(open, "asked", {});
  }

  /** Adds a step, and what it changes. A job that is not known here changes nothing. */
  step(
    userId: string,
    requestId: string,
    step: JobStep["step"],
    details: StepDetails = {},
    change: JobChange = {},
  ): void {
    const open = this.#open.get(keyOf(userId, requestId));
    if (open === undefined) {
      return;
    }
    const { positionMs } = details;
    this.#change(open, positionMs === undefined ? change : { positionMs, ...change }, step !== "progress");
    this.#step(open, step, details);
  }

  /** Changes what is known of a job without a step. */
  change(userId: string, requestId: string, change: JobChange): void {
    const open = this.#open.get(keyOf(userId, requestId));
    if (open !== undefined) {
      this.#change(open, change);
    }
  }

  list(query: JobQuery): JobList {
    const found = this.#store.list({ ...query, limit: query.limit + 1 });
    const page = found.slice(0, query.limit);
    const next = found.length > query.limit ? page.at(-1)?.seq : undefined;
    return {
      jobs: page.map(({ job }) => this.#current(job)?.summary ?? summaryOf(job)),
      ...(next === undefined ? {} : { next: String(next) }),
    };
  }

  get(requestId: string): Job | undefined {
    const stored = this.#store.get(requestId)?.job;
    if (stored === undefined) {
      return undefined;
    }
    const open = this.#current(stored);
    return open === undefined ? stored : asJob(open);
  }

  /** Writes what is not yet written, and closes the store. */
  close(): void {
    this.#listeners.clear();
    for (const open of this.#open.values()) {
      if (isActive(open.summary)) {
        this.#store.save({ seq: open.seq, job: asJob(open) });
      }
    }
    this.#store.close();
  }

  #current({ userId, requestId, startedAt }: Job): OpenJob | undefined {
    const open = this.#open.get(keyOf(userId, requestId));
    return open?.summary.startedAt === startedAt ? open : undefined;
  }

  #change(open: OpenJob, change: JobChange, worthKeeping = true): void {
    open.summary = { ...open.summary, ...change };
    if (worthKeeping) {
      this.#store.save({ seq: open.seq, job: asJob(open) });
    }
    this.#tell({ type: "job", job: open.summary });
  }

  #step(open: OpenJob, step: JobStep["step"], details: StepDetails): void {
    const { requestId, startedAt } = open.summary;
    const taken: JobStep = { step, atMs: this.#now() - startedAt, ...details };
    if (!open.timeline.add(taken)) {
      return;
    }
    if (step !== "progress") {
      this.#store.save({ seq: open.seq, job: asJob(open) });
    }
    this.#tell({ type: "job_step", requestId, step: taken });
  }

  #tell(event: HistoryEvent): void {
    for (const listener of this.#listeners) {
      listener(event);
    }
  }

  /** Those that run are few, by the limit of each session. */
  #forgetOldest(): void {
    for (const [key, { summary }] of this.#open) {
      if (this.#open.size <= MAX_RECENT) {
        return;
      }
      if (!isActive(summary)) {
        this.#open.delete(key);
      }
    }
  }

  /** Jobs that ran when the last process on this file ended have no end: they get one. */
  #closeInterrupted(): void {
    for (const state of ["pending", "streaming"] as const) {
      for (const { seq, job } of this.#store.list({ limit: 10_000, state })) {
        this.#store.save({ seq, job: interrupted(job) });
      }
    }
  }
}

function interrupted(job: Job): Job {
  const atMs = job.timeline.at(-1)?.atMs ?? 0;
  const message = "The server ended during this play.";
  return {
    ...job,
    state: "error",
    error: "internal",
    message,
    endedAt: job.startedAt + atMs,
    timeline: [...job.timeline, { step: "ended", atMs, note: "internal" }],
  };
}

function asJob({ summary, timeline }: OpenJob): Job {
  return { ...summary, timeline: [...timeline.steps] };
}

function isActive({ state }: JobSummary): boolean {
  return state === "pending" || state === "streaming";
}

function keyOf(userId: string, requestId: string): string {
  return JSON.stringify([userId, requestId]);
}
