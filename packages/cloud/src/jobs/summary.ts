import type { JobSummary } from "@server-playback/protocol";
import { loggableUrl } from "../logger.js";
import { positionMs, type SpeakerJob } from "../speaker-job.js";

/** Characters of a spoken text that are shown. */
const SHOWN_TEXT = 80;

/** A job as operators see it: without what a URL's query may hold, and with the beginning of a text. */
export function asSummary(userId: string, job: SpeakerJob, now: number): JobSummary {
  const { requestId, packageName, mode, trackId, state, startedAt, source } = job;
  return {
    requestId,
    userId,
    packageName,
    what: source.kind === "url" ? loggableUrl(source.url) : clip(source.text),
    kind: source.kind,
    mode,
    trackId,
    state,
    startedAt,
    ...course(job, now),
  };
}

function course(job: SpeakerJob, now: number): Partial<JobSummary> {
  switch (job.state) {
    case "pending":
      return {};
    case "streaming": {
      const { firstFrameLatencyMs, expectedDurationMs, paused } = job;
      return defined({ firstFrameLatencyMs, expectedDurationMs, paused, positionMs: positionMs(job, now) });
    }
    case "completed":
      return defined({ endedAt: now, durationMs: job.durationMs, paused: false });
    case "cancelled":
      return defined({ endedAt: now, durationMs: job.durationMs, paused: false, reason: job.reason });
    case "error": {
      const { durationMs, error, message } = job;
      return defined({ endedAt: now, durationMs, paused: false, error, message });
    }
  }
}

/** What is known: an absent value says nothing about an earlier one. */
function defined(values: { [Name in keyof JobSummary]?: JobSummary[Name] | undefined }): Partial<JobSummary> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function clip(text: string): string {
  return text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}…` : text;
}
