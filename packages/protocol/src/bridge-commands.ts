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

const JoinRoom = z.object({
  action: z.literal("join_room"),
  requestId,
  ...room,
  token: z.string().min(1).max(8192),
  /** The LiveKit server's ws(s) URL; absent means the bridge's `LIVEKIT_URL`. */
  url: z.string().max(2048).optional(),
});

const PlayUrl = z.object({
  action: z.literal("play_url"),
  requestId: RequestIdSchema,
  url: z.string().min(1).max(8192),
  ...room,
  ...level,
  ...layer,
  /** Limits the published bandwidth to half of this, in Hz; the clock stays 48 kHz. */
  sampleRate: SampleRateSchema.optional(),
  startMs: MillisecondsSchema.optional(),
  loop: z.boolean().optional(),
});

const StartPcm = z.object({
  action: z.literal("start_pcm"),
  requestId: RequestIdSchema,
  sampleRate: SampleRateSchema,
  channels: z.number().int().min(1).max(2).optional(),
  ...room,
  ...level,
  ...layer,
});

const StopPlayback = z.object({
  action: z.literal("stop_playback"),
  /** The play to stop; absent means every play (of `trackId`, if given). */
  requestId,
  trackId: TrackIdSchema.optional(),
  reason: ReasonSchema.optional(),
});

/** What the cloud tells the bridge, as a JSON text frame. Unknown fields are ignored. */
export const BridgeCommandSchema = z.discriminatedUnion("action", [
  JoinRoom,
  z.object({ action: z.literal("leave_room"), requestId }),
  PlayUrl,
  StopPlayback,
  z.object({ action: z.literal("pause_playback"), requestId: RequestIdSchema }),
  z.object({ action: z.literal("resume_playback"), requestId: RequestIdSchema }),
  z.object({
    action: z.literal("set_volume"),
    requestId: RequestIdSchema,
    volume: VolumeSchema,
    rampMs: MillisecondsSchema.optional(),
  }),
  z.object({
    action: z.literal("seek_playback"),
    requestId: RequestIdSchema,
    positionMs: MillisecondsSchema,
  }),
  StartPcm,
  z.object({ action: z.literal("end_pcm"), requestId: RequestIdSchema }),
  z.object({ action: z.literal("publish_tone"), requestId, durationMs: MillisecondsSchema.optional() }),
  z.object({
    action: z.literal("subscribe_enable"),
    requestId,
    targetIdentity: z.string().max(256).optional(),
  }),
  z.object({ action: z.literal("subscribe_disable"), requestId }),
  z.object({ action: z.literal("ping"), requestId }),
]);

/** A parsed command. */
export type BridgeCommand = z.infer<typeof BridgeCommandSchema>;

/** The command with this `action`. */
export type BridgeCommandOf<A extends BridgeCommand["action"]> = Extract<BridgeCommand, { action: A }>;
