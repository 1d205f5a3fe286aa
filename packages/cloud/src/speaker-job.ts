import type { AudioPlayRequest, BridgeEventOf, ErrorCode } from "@server-playback/protocol";

/** Why a job failed: the bridge's code, or that no bridge could be reached or its connection was lost. */
export type JobErrorCode = ErrorCode | "bridge_unavailable";

/** What is known of a play from its request on. */
interface SpeakerPlay {
  readonly requestId: string;
  readonly audioUrl: string;
  readonly packageName: string;
  readonly trackId: number;
  /** When the app's request came, in ms since the epoch. */
  readonly startedAt: number;
}

/** `commandSent` tells whether the bridge knows of it and so will have the last word on it. */
export type PendingJob = SpeakerPlay & { readonly state: "pending"; readonly commandSent: boolean };
export type StreamingJob = SpeakerPlay & {
  readonly state: "streaming";
  readonly firstFrameLatencyMs: number;
};
export type ActiveJob = PendingJob | StreamingJob;

/** How a job ended; `durationMs` is the media time that was played out. */
export type FinishedJob = SpeakerPlay & { readonly durationMs?: number | undefined } & (
    | { readonly state: "completed" }
    | { readonly state: "cancelled"; readonly reason: string }
    | { readonly state: "error"; readonly error: JobErrorCode; readonly message?: string | undefined }
  );

/** A play request being carried out: pending, streaming, then one terminal state. */
export type SpeakerJob = ActiveJob | FinishedJob;

export function newJob(request: AudioPlayRequest, now: number): PendingJob {
  const { requestId, audioUrl, packageName, trackId = 0 } = request;
  return { state: "pending", commandSent: false, requestId, audioUrl, packageName, trackId, startedAt: now };
}

export function streamingJob(job: ActiveJob, event: BridgeEventOf<"play_started">): StreamingJob {
  return { ...play(job), state: "streaming", firstFrameLatencyMs: event.firstFrameLatencyMs };
}

/** The end that the bridge reports. */
export function finishedJob(job: ActiveJob, event: BridgeEventOf<"play_complete">): FinishedJob {
  const { durationMs } = event;
  if (event.success) {
    return { ...play(job), state: "completed", durationMs };
  }
  return event.error === "cancelled"
    ? { ...play(job), state: "cancelled", durationMs, reason: event.reason ?? "unknown" }
    : { ...play(job), state: "error", durationMs, error: event.error, message: event.message };
}

export function cancelledJob(job: ActiveJob, reason: string): FinishedJob {
  return { ...play(job), state: "cancelled", reason };
}

export function failedJob(job: ActiveJob, error: JobErrorCode, message?: string): FinishedJob {
  return { ...play(job), state: "error", error, message };
}

function play({ requestId, audioUrl, packageName, trackId, startedAt }: SpeakerPlay): SpeakerPlay {
  return { requestId, audioUrl, packageName, trackId, startedAt };
}
