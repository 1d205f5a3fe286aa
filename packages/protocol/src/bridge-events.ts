import { z } from "zod";
import { ErrorCodeSchema, ReasonSchema } from "./errors.js";
import { MillisecondsSchema, RequestIdSchema, VolumeSchema } from "./fields.js";

const count = z.number().int().min(0);
/** Numbers the events of a session from 1 on; absent from a bridge that cannot resume sessions. */
const seq = z.number().int().positive().optional();
const roomState = { seq, roomName: z.string(), identity: z.string(), reason: ReasonSchema.optional() };
const position = {
  seq,
  requestId: RequestIdSchema,
  /** Where in the sound its next sample is. */
  positionMs: MillisecondsSchema,
  /** Media time that was played out so far, in ms; after a seek, or in a loop, it differs from the position. */
  playedMs: z.number().min(0).optional(),
};

const Connected = z.object({
  type: z.literal("connected"),
  version: z.string(),
  /** Names this run of this bridge; a new one means a restart. */
  instanceId: z.string(),
  /** The secret key by which another connection takes this session up: `/ws?session=<it>&after=<seq>`. */
  sessionId: z.string().min(1).max(128).optional(),
  /** Whether this connection took a session up; then the events after `after` follow. */
  resumed: z.boolean().optional(),
  /** Streams this bridge accepts at once. */
  capacity: count,
  activeStreams: count,
});

const PlayStarted = z.object({
  type: z.literal("play_started"),
  seq,
  requestId: RequestIdSchema,
  /** From the command's arrival to the first packet sent, in ms. */
  firstFrameLatencyMs: z.number().min(0),
  /** Of that, what joining the room and publishing took, in ms; 0 when already joined. */
  joinMs: z.number().min(0),
  /** From the command's arrival to the header of the audio server's response, in ms; for a URL. */
  fetchMs: z.number().min(0).optional(),
  /** From that header to enough decoded sound to begin, in ms. */
  decodeMs: z.number().min(0).optional(),
  codec: z.string(),
  /** The source's own rate, in Hz, and channels. */
  sampleRate: z.number().int().positive(),
  channels: z.number().int().positive(),
  /** Media length if the source tells it, in ms. */
  expectedDurationMs: z.number().min(0).optional(),
});

const terminal = {
  type: z.literal("play_complete"),
  seq,
  requestId: RequestIdSchema,
  /** Media time that was played out into the room, in ms. */
  durationMs: z.number().min(0).optional(),
  /** Sound that was damaged in the source, and was left out or silent, in ms, as far as that is known. */
  skippedMs: z.number().min(0).optional(),
  /** Bytes of the source that belonged to nothing that could be decoded. */
  skippedBytes: count.optional(),
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
  z.object({
    type: z.literal("room_joined"),
    ...roomState,
    /** By which protocol media travels, once that is settled. */
    transport: z.enum(["udp", "tcp"]).optional(),
  }),
  z.object({ type: z.literal("room_reconnecting"), ...roomState }),
  z.object({ type: z.literal("room_left"), ...roomState }),
  /**
   * The room cannot be joined again by the token that the bridge has. Answered with `join_room` and a
   * fresh token; after `duplicate_identity`, one with another identity.
   */
  z.object({ type: z.literal("token_needed"), ...roomState, identity: z.string().optional() }),
  PlayStarted,
  z.object({
    type: z.literal("play_progress"),
    ...position,
    /** Decoded sound that waits to be played, in ms. */
    bufferedMs: z.number().min(0),
  }),
  z.object({ type: z.literal("play_paused"), ...position }),
  /** The sound goes on, after a pause or after it had no data. */
  z.object({ type: z.literal("play_resumed"), ...position }),
  /** The room was away and is back; the sound was held there and goes on at `positionMs`. */
  z.object({ type: z.literal("play_recovered"), ...position, silentMs: z.number().min(0) }),
  /** The source has no data: nothing is heard of it until it goes on, or ends. */
  z.object({ type: z.literal("play_buffering"), ...position }),
  /** The next sample is the one at `positionMs`. */
  z.object({ type: z.literal("play_seeked"), ...position }),
  /** From `positionMs` on the volume moves to `volume`. */
  z.object({ type: z.literal("play_volume"), ...position, volume: VolumeSchema }),
  z.object({
    type: z.literal("error"),
    seq,
    error: ErrorCodeSchema,
    requestId: RequestIdSchema.optional(),
    message: z.string().optional(),
    /** The field at fault, for `invalid_command`. */
    field: z.string().optional(),
  }),
  z.object({ type: z.literal("stats"), seq, activeStreams: count, latePackets: count, packets: count }),
  z.object({ type: z.literal("pong"), seq, requestId: RequestIdSchema.optional() }),
  z.object({ type: z.literal("draining"), seq, reason: ReasonSchema.optional() }),
  PlayCompleteSchema,
]);

/** A parsed event. */
export type BridgeEvent = z.infer<typeof BridgeEventSchema>;

/** The event with this `type`. */
export type BridgeEventOf<T extends BridgeEvent["type"]> = Extract<BridgeEvent, { type: T }>;
