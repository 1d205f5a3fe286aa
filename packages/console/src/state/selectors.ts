import type { JobSummary, PlayErrorCode } from "@server-playback/protocol";
import { isActive } from "./live.js";
import type { ConsoleState, JobFilter, Mix } from "./state.js";

/** How loud everything but speech is while it is ducked: -12 dB. */
const duckedLevel = 0.25;
/** Layer of speech, which ducks the others. */
const speechLayer = 2;

/** The three layers of a room's sound, by trackId. */
export const layerNames = ["Speaker", "App audio", "Speech"] as const;
export type Layer = 0 | 1 | 2;

/** The volume of a layer, the hand on the duck button included. */
export function effectiveVolume({ levels, ducked }: Mix, layer: Layer): number {
  return levels[layer] * (ducked && layer !== speechLayer ? duckedLevel : 1);
}

/** The jobs that the filter lets through, newest first. */
export function listJobs(
  { jobs, order }: Pick<ConsoleState, "jobs" | "order">,
  filter: JobFilter,
  userId: string | undefined,
): JobSummary[] {
  const text = filter.text.trim().toLowerCase();
  const listed: JobSummary[] = [];
  for (const requestId of order) {
    const job = jobs.get(requestId);
    if (job !== undefined && passes(job, filter, userId) && (text === "" || mentions(job, text))) {
      listed.push(job);
    }
  }
  return listed;
}

function passes(job: JobSummary, { kind, mine }: JobFilter, userId: string | undefined): boolean {
  if (mine && job.userId !== userId) {
    return false;
  }
  switch (kind) {
    case "all":
      return true;
    case "active":
      return isActive(job);
    case "failed":
      return job.state === "error";
  }
}

function mentions(job: JobSummary, text: string): boolean {
  const { requestId, userId, packageName, what, error = "", reason = "", state } = job;
  return [requestId, userId, packageName, what, error, reason, state].some((field) =>
    field.toLowerCase().includes(text),
  );
}

/** Jobs of one user that have not ended, newest first. */
export function activeJobs({ jobs }: Pick<ConsoleState, "jobs">, userId: string | undefined): JobSummary[] {
  return [...jobs.values()]
    .filter((job) => job.userId === userId && isActive(job))
    .sort((a, b) => b.startedAt - a.startedAt);
}

/** How often each code ended a job, most frequent first. */
export function countFailures(jobs: Iterable<JobSummary>): [code: PlayErrorCode, count: number][] {
  const counts = new Map<PlayErrorCode, number>();
  for (const { state, error } of jobs) {
    if (state === "error") {
      const code = error ?? "internal";
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}
