import { z } from "zod";
import { AudioPlayResponseSchema, WebsocketErrorSchema } from "./app-messages.js";
import { RequestIdSchema, TrackIdSchema, VolumeSchema } from "./fields.js";

const sentAt = z.iso.datetime().optional();
const sessionId = z.string().min(1).max(512);

/** What the glasses (the phone that speaks for them) tell the cloud on `/glasses-ws`. */
export const GlassesToCloudSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("connection_init"), timestamp: sentAt }),
  AudioPlayResponseSchema,
  /** Asks for the room after the connection was made without it; answered by `livekit_info`. */
  z.object({
    type: z.literal("livekit_init"),
    mode: z.enum(["publish", "subscribe"]).optional(),
    timestamp: sentAt,
  }),
]);
export type GlassesToCloud = z.infer<typeof GlassesToCloudSchema>;

/** Real messages of the glasses that concern other parts of the platform: known, and not ours to answer. */
export const glassesTypesOfOthers = [
  "request_settings",
  "start_app",
  "stop_app",
  "dashboard_state",
  "open_dashboard",
  "photo_response",
  "local_transcription",
  "rtmp_stream_status",
  "keep_alive_ack",
  "button_press",
  "head_position",
  "touch_event",
  "glasses_battery_update",
  "phone_battery_update",
  "glasses_connection_state",
  "location_update",
  "vps_coordinates",
  "VAD",
  "phone_notification",
  "phone_notification_dismissed",
  "calendar_event",
  "settings_update_request",
  "core_status_update",
  "photo_taken",
  "rgb_led_control_response",
  "udp_register",
  "udp_unregister",
] as const;

/** Where the user's room is, with a token that may subscribe in it and nothing else. */
export const LiveKitAccessSchema = z.object({ url: z.string(), roomName: z.string(), token: z.string() });
export type LiveKitAccess = z.infer<typeof LiveKitAccessSchema>;

const ConnectionAck = z.object({
  type: z.literal("connection_ack"),
  sessionId,
  userSession: z.object({ userId: z.string(), startTime: z.iso.datetime() }),
  livekit: LiveKitAccessSchema.optional(),
  timestamp: z.iso.datetime(),
});

const AudioPlayRequestToGlasses = z.object({
  type: z.literal("audio_play_request"),
  sessionId,
  requestId: RequestIdSchema,
  packageName: z.string(),
  /** The SDK's published type calls the app `appId`; phones read `packageName`: both are sent. */
  appId: z.string(),
  audioUrl: z.string(),
  volume: VolumeSchema.optional(),
  stopOtherAudio: z.boolean().optional(),
  trackId: TrackIdSchema.optional(),
  timestamp: z.iso.datetime(),
});

const AudioStopRequestToGlasses = z.object({
  type: z.literal("audio_stop_request"),
  sessionId,
  appId: z.string(),
  trackId: TrackIdSchema.optional(),
  timestamp: z.iso.datetime(),
});

/** What the cloud tells the glasses. */
export const CloudToGlassesSchema = z.discriminatedUnion("type", [
  ConnectionAck,
  AudioPlayRequestToGlasses,
  AudioStopRequestToGlasses,
  z.object({ type: z.literal("livekit_info"), ...LiveKitAccessSchema.shape, timestamp: z.iso.datetime() }),
  z.object({
    type: z.literal("connection_error"),
    code: z.string(),
    message: z.string(),
    timestamp: z.iso.datetime(),
  }),
  z.object({ type: z.literal("auth_error"), message: z.string(), timestamp: z.iso.datetime() }),
  WebsocketErrorSchema,
]);
export type CloudToGlasses = z.infer<typeof CloudToGlassesSchema>;
