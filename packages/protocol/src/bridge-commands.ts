import { z } from "zod";
import { ReasonSchema } from "./errors.js";
import {
  MillisecondsSchema,
  RequestIdSchema,
  SampleRateSchema,
  TrackIdSchema,
  VolumeSchema,
} from "./fields.js";

const requestId = RequestIdSchema.optional();
/**
 * Fencing token of the room's owner: the bridge refuses a command whose token is older than one that it
 * saw for the room, as `fenced`. Absent means that nobody else is to be kept out.
 */
const owner = { fence: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional() };
const room = {
  roomName: z.string().min(1).max(256).optional(),
  token: z.string().min(1).max(8192).optional(),
};
const level = { volume: VolumeSchema.optional(), gain: z.number().min(0).max(16).optional() };
const layer = {
  stopOther: z.boolean().optional(),
  trackId: TrackIdSchema.optional(),
  /** Begin at the sample after the last play of this layer; `stopOther` then spares the layer. */
  queue: z.boolean().optional(),
};
/** The trace that a play belongs to (W3C Trace Context, section 3.2). */
const trace = { traceparent: z.string().max(256).optional() };
/** Whose play it is, as the bridge's log may name them. */
const owned = { user: z.string().min(1).max(256).optional() };

const JoinRoom = z.object({
  action: z.literal("join_room"),
  ...owner,
  requestId,
  ...room,
  token: z.string().min(1).max(8192),
  /** The LiveKit server's ws(s) URL; absent means the bridge's `LIVEKIT_URL`. */
  url: z.string().max(2048).optional(),
});

const PlayUrl = z.object({
  action: z.literal("play_url"),
  ...owner,
  requestId: RequestIdSchema,
  url: z.string().min(1).max(8192),
  ...room,
  ...level,
  ...layer,
  ...trace,
  ...owned,
  /** Limits the published bandwidth to half of this, in Hz; the clock stays 48 kHz. */
  sampleRate: SampleRateSchema.optional(),
  startMs: MillisecondsSchema.optional(),
  loop: z.boolean().optional(),
});

const StartPcm = z.object({
  action: z.literal("start_pcm"),
  ...owner,
  requestId: RequestIdSchema,
  sampleRate: SampleRateSchema,
  channels: z.number().int().min(1).max(2).optional(),
  ...room,
  ...level,
  ...layer,
  ...trace,
  ...owned,
});

const StopPlayback = z.object({
  action: z.literal("stop_playback"),
  ...owner,
  /** The play to stop; absent means every play (of `trackId`, if given). */
  requestId,
  trackId: TrackIdSchema.optional(),
  reason: ReasonSchema.optional(),
});

/** What the cloud tells the bridge, as a JSON text frame. Unknown fields are ignored. */
export const BridgeCommandSchema = z.discriminatedUnion("action", [
  JoinRoom,
  z.object({ action: z.literal("leave_room"), ...owner, requestId }),
  PlayUrl,
  StopPlayback,
  z.object({ action: z.literal("pause_playback"), ...owner, requestId: RequestIdSchema }),
  z.object({ action: z.literal("resume_playback"), ...owner, requestId: RequestIdSchema }),
  z.object({
    action: z.literal("set_volume"),
    ...owner,
    requestId: RequestIdSchema,
    volume: VolumeSchema,
    rampMs: MillisecondsSchema.optional(),
  }),
  z.object({
    action: z.literal("seek_playback"),
    ...owner,
    requestId: RequestIdSchema,
    positionMs: MillisecondsSchema,
  }),
  StartPcm,
  z.object({ action: z.literal("end_pcm"), ...owner, requestId: RequestIdSchema }),
  z.object({
    action: z.literal("publish_tone"),
    ...owner,
    requestId,
    durationMs: MillisecondsSchema.optional(),
  }),
  z.object({
    action: z.literal("subscribe_enable"),
    ...owner,
    requestId,
    targetIdentity: z.string().max(256).optional(),
  }),
  z.object({ action: z.literal("subscribe_disable"), ...owner, requestId }),
  z.object({ action: z.literal("ping"), ...owner, requestId }),
]);

/** A parsed command. */
export type BridgeCommand = z.infer<typeof BridgeCommandSchema>;

/** The command with this `action`. */
export type BridgeCommandOf<A extends BridgeCommand["action"]> = Extract<BridgeCommand, { action: A }>;
