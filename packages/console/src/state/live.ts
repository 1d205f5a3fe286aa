import type { JobStep, JobSummary, LiveMessage } from "@server-playback/protocol";
import { type ConsoleState, maxJobs } from "./state.js";
import { mergeSteps } from "./steps.js";

/** The state after messages of the live socket, applied in one go: a burst costs one copy. */
export function applyLive(state: ConsoleState, messages: readonly LiveMessage[]): ConsoleState {
  const draft = new Draft(state);
  for (const message of messages) {
    draft.apply(message);
  }
  return draft.state();
}

/** The state with older jobs, as a page of the list answers them. */
export function addOlderJobs(
  state: ConsoleState,
  jobs: readonly JobSummary[],
  next: string | undefined,
): ConsoleState {
  const draft = new Draft(state);
  for (const job of jobs) {
    draft.addIfUnknown(job);
  }
  const added = draft.state();
  const more = next !== undefined && added.order.length < maxJobs;
  return { ...added, older: more ? { state: "more", before: next } : { state: "none" } };
}

/** Copies of the maps that messages change. */
class Draft {
  readonly #base: ConsoleState;
  #sessions: Map<string, ConsoleState["sessions"] extends ReadonlyMap<string, infer S> ? S : never>;
  #jobs: Map<string, JobSummary>;
  #timelines: Map<string, readonly JobStep[]>;
  #loaded: boolean;
  /** The set or the age of jobs changed, so that the order must be made anew. */
  #reorder = false;

  constructor(state: ConsoleState) {
    this.#base = state;
    this.#sessions = new Map(state.sessions);
    this.#jobs = new Map(state.jobs);
    this.#timelines = new Map(state.timelines);
    this.#loaded = state.loaded;
  }

  apply(message: LiveMessage): void {
    switch (message.type) {
      case "snapshot":
        this.#replace(message);
        break;
      case "session":
        this.#sessions.set(message.session.userId, message.session);
        break;
      case "session_ended":
        this.#sessions.delete(message.userId);
        break;
      case "job":
        this.#setJob(message.job);
        break;
      case "job_step":
        this.#addStep(message.requestId, message.step);
        break;
    }
  }

  addIfUnknown(job: JobSummary): void {
    if (!this.#jobs.has(job.requestId)) {
      this.#setJob(job);
    }
  }

  state(): ConsoleState {
    const order = this.#reorder ? this.#inOrder() : this.#base.order;
    const { userId } = this.#base;
    return {
      ...this.#base,
      loaded: this.#loaded,
      sessions: this.#sessions,
      jobs: this.#jobs,
      order,
      timelines: this.#timelines,
      userId: userId !== undefined && this.#sessions.has(userId) ? userId : firstKey(this.#sessions),
    };
  }

  /** After a reconnect the server's word replaces what was known; older jobs that ended stay listed. */
  #replace({ sessions, jobs }: Extract<LiveMessage, { type: "snapshot" }>): void {
    this.#sessions = new Map(sessions.map((session) => [session.userId, session]));
    for (const job of this.#jobs.values()) {
      if (isActive(job)) {
        this.#jobs.delete(job.requestId);
      }
    }
    for (const job of jobs) {
      this.#setJob(job);
    }
    this.#loaded = true;
    this.#reorder = true;
  }

  #setJob(job: JobSummary): void {
    const known = this.#jobs.get(job.requestId);
    this.#reorder ||= known?.startedAt !== job.startedAt;
    this.#jobs.set(job.requestId, job);
  }

  #addStep(requestId: string, step: JobStep): void {
    const job = this.#jobs.get(requestId);
    if (job === undefined) {
      return;
    }
    this.#timelines.set(requestId, mergeSteps(this.#timelines.get(requestId) ?? [], [step]));
    const isOfRoom = step.step !== "glasses_answered"; // that position is the device's
    if (step.positionMs !== undefined && isOfRoom && isActive(job)) {
      this.#jobs.set(requestId, { ...job, positionMs: step.positionMs });
    }
  }

  #inOrder(): readonly string[] {
    const newestFirst = [...this.#jobs.values()].sort((a, b) => b.startedAt - a.startedAt);
    for (const job of newestFirst.splice(maxJobs)) {
      this.#jobs.delete(job.requestId);
      this.#timelines.delete(job.requestId);
    }
    return newestFirst.map((job) => job.requestId);
  }
}

/** Whether a job has not ended. */
export function isActive(job: JobSummary): boolean {
  return job.state === "pending" || job.state === "streaming";
}

function firstKey(map: ReadonlyMap<string, unknown>): string | undefined {
  return map.keys().next().value;
}
