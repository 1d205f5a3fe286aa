import { z } from "zod";
import { PlayErrorCodeSchema, ReasonSchema } from "./errors.js";
import { MillisecondsSchema, RequestIdSchema, TrackIdSchema, VolumeSchema } from "./fields.js";

const count = z.number().int().min(0);
const userId = z.string().min(1).max(256);

/** How long a job's history may be, in steps; beyond it progress is thinned out. */
export const maxTimelineSteps = 256;

/** What a job went through. `asked` is first, `ended` last. */
export const JobStepNameSchema = z.enum([
  "asked",
  "joined",
  "fetched",
  "started",
  "progress",
  "paused",
  "resumed",
  "sought",
  "buffering",
  "recovered",
  "fell_back",
  "glasses_answered",
  "ended",
]);

/** One step of a job. */
export const JobStepSchema = z.object({
  step: JobStepNameSchema,
  /** When, in ms since `startedAt` of the job. */
  atMs: z.number().min(0),
  /** Position in the sound, in ms of media time. */
  positionMs: MillisecondsSchema.optional(),
  /** How long what the step names took, in ms. */
  tookMs: z.number().min(0).optional(),
  note: z.string().max(256).optional(),
});
export type JobStep = z.infer<typeof JobStepSchema>;

/** A play as the list of jobs shows it. */
export const JobSummarySchema = z.object({
  requestId: RequestIdSchema,
  userId,
  packageName: z.string(),
  /** The URL without its query, or the beginning of the text that is spoken. */
  what: z.string(),
  kind: z.enum(["url", "speech"]),
  mode: z.enum(["shadow", "primary"]),
  trackId: TrackIdSchema,
  state: z.enum(["pending", "streaming", "completed", "cancelled", "error"]),
  paused: z.boolean().optional(),
  /** Milliseconds since the Unix epoch. */
  startedAt: z.number(),
  endedAt: z.number().optional(),
  positionMs: MillisecondsSchema.optional(),
  expectedDurationMs: z.number().min(0).optional(),
  /** What was heard in the room, in ms. */
  durationMs: z.number().min(0).optional(),
  /** What the glasses said they played, in ms. */
  deviceDurationMs: z.number().min(0).optional(),
  firstFrameLatencyMs: z.number().min(0).optional(),
  error: PlayErrorCodeSchema.optional(),
  reason: ReasonSchema.optional(),
  message: z.string().optional(),
});
export type JobSummary = z.infer<typeof JobSummarySchema>;

/** `GET /api/jobs/{requestId}`: a play with all that it went through. */
export const JobSchema = JobSummarySchema.extend({ timeline: z.array(JobStepSchema) });
export type Job = z.infer<typeof JobSchema>;

/** `GET /api/jobs?limit=&before=&userId=&state=`: newest first. */
export const JobListSchema = z.object({
  jobs: z.array(JobSummarySchema),
  /** `before` of the next page; absent on the last. */
  next: z.string().optional(),
});
export type JobList = z.infer<typeof JobListSchema>;

/** One user, as `GET /api/sessions` shows it. */
export const SessionSummarySchema = z.object({
  userId,
  sessionId: z.string(),
  startedAt: z.number(),
  glasses: z.enum(["connected", "away"]),
  roomName: z.string().optional(),
  apps: z.array(z.object({ packageName: z.string(), connected: z.boolean() })),
  bridge: z.enum(["idle", "connecting", "open", "resting", "closed"]),
  activeJobs: count,
});
export type SessionSummary = z.infer<typeof SessionSummarySchema>;

/** `GET /api/sessions`. */
export const SessionListSchema = z.object({ sessions: z.array(SessionSummarySchema) });

/** `POST /api/sessions/{userId}/play`: a URL or a text to speak; answered by {@link PlayAcceptedSchema}. */
export const ApiPlaySchema = z
  .object({
    url: z.string().min(1).max(8192).optional(),
    text: z.string().min(1).max(4096).optional(),
    voice: z.string().min(1).max(128).optional(),
    requestId: RequestIdSchema.optional(),
    volume: VolumeSchema.optional(),
    stopOther: z.boolean().optional(),
    trackId: TrackIdSchema.optional(),
    startMs: MillisecondsSchema.optional(),
    loop: z.boolean().optional(),
    queue: z.boolean().optional(),
  })
  .refine(({ url, text }) => (url === undefined) !== (text === undefined), {
    message: "give either url or text",
    path: ["url"],
  });
export type ApiPlay = z.infer<typeof ApiPlaySchema>;

/** A play that was taken: follow it as a job. */
export const PlayAcceptedSchema = z.object({ requestId: RequestIdSchema });

/** `POST /api/jobs/{requestId}/control`. */
export const ApiControlSchema = z.discriminatedUnion("action", [
  z.object({ action: z.literal("stop") }),
  z.object({ action: z.literal("pause") }),
  z.object({ action: z.literal("resume") }),
  z.object({ action: z.literal("seek"), positionMs: MillisecondsSchema }),
  z.object({
    action: z.literal("volume"),
    volume: VolumeSchema,
    rampMs: MillisecondsSchema.optional(),
  }),
]);
export type ApiControl = z.infer<typeof ApiControlSchema>;

/** `POST /api/sessions/{userId}/listen`: lets a page hear the user's room, and nothing else. */
export const ListenAccessSchema = z.object({ url: z.string(), roomName: z.string(), token: z.string() });

/** What failed, for people and for programs: the body of every answer other than 2xx. */
export const ApiErrorSchema = z.object({
  error: z.string(),
  message: z.string(),
  field: z.string().optional(),
});

/** What `/api/live` tells, as JSON text frames: first `snapshot`, then what changes. */
export const LiveMessageSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("snapshot"),
    sessions: z.array(SessionSummarySchema),
    /** The newest jobs, newest first; older ones by `GET /api/jobs`. */
    jobs: z.array(JobSummarySchema),
  }),
  z.object({ type: z.literal("session"), session: SessionSummarySchema }),
  z.object({ type: z.literal("session_ended"), userId }),
  z.object({ type: z.literal("job"), job: JobSummarySchema }),
  z.object({ type: z.literal("job_step"), requestId: RequestIdSchema, step: JobStepSchema }),
]);
export type LiveMessage = z.infer<typeof LiveMessageSchema>;
