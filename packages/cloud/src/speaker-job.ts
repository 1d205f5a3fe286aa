import type { AudioPlayRequest, BridgeEventOf, PlayErrorCode } from "@server-playback/protocol";

/** Why a job failed: the bridge's code, or one of this server's own. */
export type JobErrorCode = PlayErrorCode;

/** A text to be spoken, and how. */
export interface Speech {
  readonly text: string;
  readonly voice?: string | undefined;
  readonly model?: string | undefined;
  /** What the provider of the voice understands. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** Where a job's sound comes from. */
export type JobSource =
  | { readonly kind: "url"; readonly url: string }
  | ({ readonly kind: "speech" } & Speech);

/** `shadow`: the room hears what the glasses play. `primary`: the room is the playback. */
type JobMode = "shadow" | "primary";

/** How a play is meant, beyond what the app's request says. */
export interface PlayOptions {
  mode?: JobMode;
  /** Default: the request's `audioUrl`, fetched by the bridge. */
  source?: JobSource;
  /** Where in the sound to begin, in ms. */
  startMs?: number;
  loop?: boolean;
  /** Begin after the last play of its layer. */
  queue?: boolean;
}

/** What is known of a play from its request on. */
interface SpeakerPlay {
  readonly requestId: string;
  readonly audioUrl: string;
  readonly source: JobSource;
  readonly packageName: string;
  readonly mode: JobMode;
  readonly trackId: number;
  readonly stopOther: boolean;
  readonly volume: number;
  readonly loop: boolean;
  readonly queue: boolean;
  /** When the app's request came, in ms since the epoch. */
  readonly startedAt: number;
  /** Position in the sound at which the bridge that plays it has begun, or will begin, in ms. */
  readonly fromMs: number;
  /** What was heard from bridges that are gone, in ms. */
  readonly heardBeforeMs: number;
  /** How often it went on with another bridge. */
  readonly moves: number;
  /** Why its sound ends before the end that was asked for, once that is known. */
  readonly shortfall?: JobFailure | undefined;
  /** Whether a bridge that had it was lost, so that more may have been heard than is known. */
  readonly wasLost: boolean;
  /** Why the bridge was told to stop it; its last word is awaited. */
  readonly stopping?: string | undefined;
}

/** A failure with its reason. */
interface JobFailure {
  readonly error: JobErrorCode;
  readonly message?: string | undefined;
}

/** `commandSent` tells whether the bridge knows of it and so will have the last word on it. */
export type PendingJob = SpeakerPlay & {
  readonly state: "pending";
  readonly commandSent: boolean;
  /** Why it was given up while the bridge had it; the bridge's last word is awaited. */
  readonly givenUp?: JobErrorCode | undefined;
};
export type StreamingJob = SpeakerPlay & {
  readonly state: "streaming";
  readonly commandSent: boolean;
  readonly firstFrameLatencyMs: number;
  readonly expectedDurationMs?: number | undefined;
  readonly paused: boolean;
  /** What this bridge has played out, in ms. */
  readonly playedMs: number;
  /** When it said so, in ms since the epoch; undefined while no bridge plays it. */
  readonly playedAt: number | undefined;
};
export type ActiveJob = PendingJob | StreamingJob;

/** How a job ended; `durationMs` is the media time that was played out. */
export type FinishedJob = SpeakerPlay & {
  readonly durationMs?: number | undefined;
  /** Whether a packet of it was sent. `perhaps`: a bridge that had it was lost before it could say. */
  readonly heard: "no" | "perhaps" | "yes";
} & (
    | { readonly state: "completed" }
    | { readonly state: "cancelled"; readonly reason: string }
    | { readonly state: "error"; readonly error: JobErrorCode; readonly message?: string | undefined }
  );

/** A play request being carried out: pending, streaming, then one terminal state. */
export type SpeakerJob = ActiveJob | FinishedJob;

export function newJob(request: AudioPlayRequest, options: PlayOptions, now: number): PendingJob {
  const { requestId, audioUrl, packageName, trackId = 0, volume = 1, stopOtherAudio = true } = request;
  const { mode = "shadow", source = { kind: "url", url: audioUrl } } = options;
  const { startMs = 0, loop = false, queue = false } = options;
  const asked = { requestId, audioUrl, source, packageName, mode, trackId, stopOther: stopOtherAudio };
  const meant = { volume, loop, queue };
  const begin = { startedAt: now, fromMs: startMs, heardBeforeMs: 0, moves: 0, wasLost: false };
  return { state: "pending", commandSent: false, ...asked, ...meant, ...begin };
}

export function streamingJob(
  job: ActiveJob,
  event: BridgeEventOf<"play_started">,
  now: number,
): StreamingJob {
  const { firstFrameLatencyMs, expectedDurationMs } = event;
  const told = { firstFrameLatencyMs, expectedDurationMs, playedMs: 0, playedAt: now, paused: false };
  return { ...play(job), state: "streaming", commandSent: true, ...told };
}

/** Says where in the sound a play is, and perhaps how much of it was heard. */
export interface PositionEvent {
  readonly requestId: string;
  readonly positionMs: number;
  readonly playedMs?: number | undefined;
}

/** The job as its bridge says that it stands. */
export function playedJob(job: StreamingJob, event: PositionEvent, now: number): StreamingJob {
  const { positionMs, playedMs = Math.max(0, positionMs - job.fromMs) } = event;
  return { ...job, playedMs, fromMs: positionMs - playedMs, playedAt: now };
}

/** The job while nothing of it is heard: its position stands still. */
export function stillJob(job: ActiveJob): ActiveJob {
  return job.state === "streaming" ? { ...job, playedAt: undefined } : job;
}

/** What this bridge has played of it by now, in ms: what it last said, and the time since. */
export function playedMs(job: ActiveJob, now: number): number {
  if (job.state === "pending") {
    return 0;
  }
  const since = job.paused || job.playedAt === undefined ? 0 : Math.max(0, now - job.playedAt);
  return job.playedMs + since;
}

/** Position in the sound by now, in ms of media time. */
export function positionMs(job: ActiveJob, now: number): number {
  const position = job.fromMs + playedMs(job, now);
  const length = job.state === "streaming" && !job.loop ? job.expectedDurationMs : undefined;
  return length === undefined ? position : Math.min(position, length);
}

/** The job without its bridge, ready to go on where it was with another one. */
export function strandedJob(job: ActiveJob, now: number): ActiveJob {
  const moved = { commandSent: false, moves: job.moves + 1, wasLost: true };
  if (job.state === "pending") {
    return { ...job, ...moved };
  }
  const heardBeforeMs = job.heardBeforeMs + playedMs(job, now);
  const position = { fromMs: positionMs(job, now), heardBeforeMs, playedMs: 0, playedAt: undefined };
  return { ...job, ...moved, ...position };
}

/** The job as it was before a bridge that is full was asked. */
export function turnedAwayJob(job: ActiveJob): ActiveJob {
  return { ...job, commandSent: false, moves: job.moves + 1 };
}

/** The end that the bridge reports. */
export function finishedJob(job: ActiveJob, event: BridgeEventOf<"play_complete">): FinishedJob {
  const durationMs =
    event.durationMs === undefined ? knownToBeHeard(job) : job.heardBeforeMs + event.durationMs;
  const heard = (event.durationMs ?? 0) > 0 ? "yes" : heardOf(job);
  if (event.success && job.shortfall !== undefined) {
    return { ...play(job), state: "error", durationMs, heard, ...job.shortfall };
  }
  if (event.success) {
    return { ...play(job), state: "completed", durationMs, heard };
  }
  if (job.state === "pending" && job.givenUp !== undefined && event.error === "cancelled") {
    return { ...play(job), state: "error", durationMs, heard, error: job.givenUp };
  }
  return event.error === "cancelled"
    ? { ...play(job), state: "cancelled", durationMs, heard, reason: event.reason ?? "unknown" }
    : { ...play(job), state: "error", durationMs, heard, error: event.error, message: event.message };
}

export function cancelledJob(job: ActiveJob, reason: string): FinishedJob {
  return { ...play(job), state: "cancelled", durationMs: knownToBeHeard(job), heard: heardOf(job), reason };
}

export function failedJob(job: ActiveJob, error: JobErrorCode, message?: string): FinishedJob {
  const durationMs = knownToBeHeard(job);
  return { ...play(job), state: "error", durationMs, heard: heardOf(job), error, message };
}

/** What is known to have been heard when no bridge says it. */
function knownToBeHeard(job: ActiveJob): number | undefined {
  const heardMs = job.heardBeforeMs + (job.state === "streaming" ? job.playedMs : 0);
  return heardMs > 0 ? heardMs : undefined;
}

function heardOf(job: ActiveJob): FinishedJob["heard"] {
  if (job.state === "streaming") {
    return "yes";
  }
  return job.wasLost ? "perhaps" : "no";
}

function play(job: SpeakerPlay): SpeakerPlay {
  const { requestId, audioUrl, source, packageName, mode, trackId, stopOther } = job;
  const { volume, loop, queue, startedAt, fromMs, heardBeforeMs, moves, wasLost, shortfall } = job;
  return {
    requestId,
    audioUrl,
    source,
    packageName,
    mode,
    trackId,
    stopOther,
    volume,
    loop,
    queue,
    startedAt,
    fromMs,
    heardBeforeMs,
    moves,
    shortfall,
    wasLost,
  };
}
