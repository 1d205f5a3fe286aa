import { z } from "zod";
import { ErrorCodeSchema, ReasonSchema } from "./errors.js";
import { MillisecondsSchema, RequestIdSchema } from "./fields.js";

const count = z.number().int().min(0);
const roomState = { roomName: z.string(), identity: z.string(), reason: ReasonSchema.optional() };
const position = { requestId: RequestIdSchema, positionMs: MillisecondsSchema };

const Connected = z.object({
  type: z.literal("connected"),
  version: z.string(),
  /** Names this run of this bridge; a new one means a restart. */
  instanceId: z.string(),
  /** Streams this bridge accepts at once. */
  capacity: count,
  activeStreams: count,
});

const PlayStarted = z.object({
  type: z.literal("play_started"),
  requestId: RequestIdSchema,
  /** From the command's arrival to the first packet sent, in ms. */
  firstFrameLatencyMs: z.number().min(0),
  /** Of that, what joining the room and publishing took, in ms; 0 when already joined. */
  joinMs: z.number().min(0),
  codec: z.string(),
  /** The source's own rate, in Hz, and channels. */
  sampleRate: z.number().int().positive(),
  channels: z.number().int().positive(),
  /** Media length if the source tells it, in ms. */
  expectedDurationMs: z.number().min(0).optional(),
});

const terminal = {
  type: z.literal("play_complete"),
  requestId: RequestIdSchema,
  /** Media time that was played out into the room, in ms. */
  durationMs: z.number().min(0).optional(),
  reason: ReasonSchema.optional(),
  message: z.string().optional(),
};

/** The one last word on a play: sent when its last sample's play-out time has passed. */
export const PlayCompleteSchema = z.discriminatedUnion("success", [
  z.object({ ...terminal, success: z.literal(true) }),
  z.object({ ...terminal, success: z.literal(false), error: ErrorCodeSchema }),
]);

/** What the bridge tells the cloud, as a JSON text frame. Unknown fields are ignored. */
export const BridgeEventSchema = z.discriminatedUnion("type", [
  Connected,
  z.object({ type: z.literal("room_joined"), ...roomState }),
  z.object({ type: z.literal("room_reconnecting"), ...roomState }),
  z.object({ type: z.literal("room_left"), ...roomState }),
  z.object({ type: z.literal("token_needed"), roomName: z.string() }),
  PlayStarted,
  z.object({
    type: z.literal("play_progress"),
    ...position,
    /** Decoded sound that waits to be played, in ms. */
    bufferedMs: z.number().min(0),
  }),
  z.object({ type: z.literal("play_paused"), ...position }),
  z.object({ type: z.literal("play_resumed"), ...position }),
  z.object({
    type: z.literal("error"),
    error: ErrorCodeSchema,
    requestId: RequestIdSchema.optional(),
    message: z.string().optional(),
    /** The field at fault, for `invalid_command`. */
    field: z.string().optional(),
  }),
  z.object({ type: z.literal("stats"), activeStreams: count, latePackets: count, packets: count }),
  z.object({ type: z.literal("pong"), requestId: RequestIdSchema.optional() }),
  z.object({ type: z.literal("draining"), reason: ReasonSchema.optional() }),
  PlayCompleteSchema,
]);

/** A parsed event. */
export type BridgeEvent = z.infer<typeof BridgeEventSchema>;

/** The event with this `type`. */
export type BridgeEventOf<T extends BridgeEvent["type"]> = Extract<BridgeEvent, { type: T }>;
