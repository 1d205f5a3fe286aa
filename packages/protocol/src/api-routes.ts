import { z } from "zod";
import {
  ApiControlSchema,
  ApiPlaySchema,
  JobListSchema,
  JobSchema,
  JobSummarySchema,
  ListenAccessSchema,
  PlayAcceptedSchema,
  SessionListSchema,
} from "./api-messages.js";
import { RequestIdSchema, TrackIdSchema } from "./fields.js";

/** Query of `GET /api/jobs`. */
export const JobQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** `next` of the page before. */
  before: z
    .string()
    .regex(/^\d{1,15}$/, "is no page")
    .optional(),
  userId: z.string().min(1).max(256).optional(),
  state: JobSummarySchema.shape.state.optional(),
});

/** `POST /api/sessions/{userId}/stop`: everything, or one layer. */
export const ApiStopSchema = z.object({ trackId: TrackIdSchema.optional() });

/** How many plays a stop has ended. */
export const StoppedSchema = z.object({ stopped: z.number().int().min(0) });

/** A control that was handed to the play; what comes of it is in the job. */
export const ControlTakenSchema = z.object({ requestId: RequestIdSchema, action: z.string() });

/** Query of `GET /api/tts`, as the SDK builds it. */
const SpeechQuerySchema = z.object({
  text: z.string().min(1).max(5000),
  voice_id: z.string().max(128).optional(),
  model_id: z.string().max(128).optional(),
  /** A JSON object. */
  voice_settings: z.string().optional(),
});

const StatusSchema = z.object({ status: z.string() });
const AppStatusSchema = z.object({
  status: z.enum(["started", "running", "stopped"]),
  sessionId: z.string(),
});

/** Who may call: anybody, the holder of `CONSOLE_TOKEN`, or a user's glasses. */
export type ApiAccess = "anybody" | "operator" | "glasses";

/** One route of the cloud's HTTP side, for the server that answers and the document that describes it. */
export interface ApiRoute {
  readonly method: "GET" | "POST";
  /** With `{name}` for a variable segment. */
  readonly path: string;
  readonly summary: string;
  readonly access: ApiAccess;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** A schema, or the content type of an answer that is no JSON. */
  readonly response: z.ZodType | string;
  /** Errors beyond 401 and 500, by status. */
  readonly errors?: Readonly<Record<number, string>>;
}

const noSession = { 404: "unknown_session: this user has no session." };
const noJob = { 404: "unknown_job: no such job is known." };
const badBody = { 400: "invalid_json or invalid_message, with the field at fault." };

/** Every HTTP route, by name. */
export const apiRoutes = {
  health: {
    method: "GET",
    path: "/healthz",
    summary: "Whether the process is alive.",
    access: "anybody",
    response: StatusSchema,
  },
  ready: {
    method: "GET",
    path: "/readyz",
    summary: "Whether new work is welcome.",
    access: "anybody",
    response: StatusSchema,
    errors: { 503: "closing: the server is going away." },
  },
  metrics: {
    method: "GET",
    path: "/metrics",
    summary: "Prometheus metrics; see docs/metrics.md.",
    access: "anybody",
    response: "text/plain",
  },
  startApp: {
    method: "POST",
    path: "/apps/{packageName}/start",
    summary: "Starts an app for the user by its webhook.",
    access: "glasses",
    response: AppStatusSchema,
    errors: { 404: "unknown_app", 502: "app_unavailable: the app did not answer.", 503: "closing" },
  },
  stopApp: {
    method: "POST",
    path: "/apps/{packageName}/stop",
    summary: "Stops an app and its sounds.",
    access: "glasses",
    response: AppStatusSchema,
    errors: { 404: "unknown_app", 502: "app_unavailable: the app did not answer.", 503: "closing" },
  },
  speech: {
    method: "GET",
    path: "/api/tts",
    summary:
      "Speech as a WAV that begins before it is complete, for glasses that play it themselves: by a URL that was signed, or with their token.",
    access: "glasses",
    query: SpeechQuerySchema,
    response: "audio/wav",
    errors: { 400: "speech_invalid, with the parameter at fault." },
  },
  sessions: {
    method: "GET",
    path: "/api/sessions",
    summary: "Every user's session.",
    access: "operator",
    response: SessionListSchema,
  },
  jobs: {
    method: "GET",
    path: "/api/jobs",
    summary: "Jobs, newest first, those that have ended too.",
    access: "operator",
    query: JobQuerySchema,
    response: JobListSchema,
    errors: { 400: "invalid_message, with the field at fault." },
  },
  job: {
    method: "GET",
    path: "/api/jobs/{requestId}",
    summary: "One job with its timeline; of several of this name, the newest.",
    access: "operator",
    response: JobSchema,
    errors: noJob,
  },
  play: {
    method: "POST",
    path: "/api/sessions/{userId}/play",
    summary: "Plays a URL, or speaks a text, in the user's room. Give either `url` or `text`.",
    access: "operator",
    body: ApiPlaySchema,
    response: PlayAcceptedSchema,
    errors: { ...badBody, ...noSession, 409: "A play that cannot be taken now; `error` says why." },
  },
  stop: {
    method: "POST",
    path: "/api/sessions/{userId}/stop",
    summary: "Stops what plays in the user's room, all or one layer.",
    access: "operator",
    body: ApiStopSchema,
    response: StoppedSchema,
    errors: { ...badBody, ...noSession },
  },
  listen: {
    method: "POST",
    path: "/api/sessions/{userId}/listen",
    summary: "A token with which a page may hear the user's room, and nothing else.",
    access: "operator",
    response: ListenAccessSchema,
    errors: { 404: "unknown_session, or no_room: LiveKit is not configured." },
  },
  control: {
    method: "POST",
    path: "/api/jobs/{requestId}/control",
    summary: "Stops, pauses, resumes or seeks a play, or changes its volume.",
    access: "operator",
    body: ApiControlSchema,
    response: ControlTakenSchema,
    errors: { ...badBody, ...noJob, 409: "not_active: the play has ended." },
  },
} as const satisfies Record<string, ApiRoute>;

/** The name of a route. */
export type ApiRouteName = keyof typeof apiRoutes;
