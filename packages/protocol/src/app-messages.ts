import { z } from "zod";
import { RequestIdSchema, TrackIdSchema, VolumeSchema } from "./fields.js";

const sentAt = z.iso.datetime().optional();
const packageName = z.string().min(1).max(256);
const sessionId = z.string().min(1).max(512);

/** First message of an app on `/app-ws`: `sessionId` is `<userId>-<packageName>`. */
export const AppConnectionInitSchema = z.object({
  type: z.literal("tpa_connection_init"),
  sessionId,
  packageName,
  apiKey: z.string().min(1).max(1024),
  timestamp: sentAt,
});
export type AppConnectionInit = z.infer<typeof AppConnectionInitSchema>;

/** An app asks for a sound. */
export const AudioPlayRequestSchema = z.object({
  type: z.literal("audio_play_request"),
  requestId: RequestIdSchema,
  packageName,
  sessionId: sessionId.optional(),
  audioUrl: z.string().min(1).max(8192),
  volume: VolumeSchema.optional(),
  stopOtherAudio: z.boolean().optional(),
  trackId: TrackIdSchema.optional(),
  timestamp: sentAt,
});
export type AudioPlayRequest = z.infer<typeof AudioPlayRequestSchema>;

/** An app stops its sounds: all of them, or those of one layer. It names no request. */
export const AudioStopRequestSchema = z.object({
  type: z.literal("audio_stop_request"),
  packageName,
  sessionId: sessionId.optional(),
  trackId: TrackIdSchema.optional(),
  timestamp: sentAt,
});
export type AudioStopRequest = z.infer<typeof AudioStopRequestSchema>;

const SubscriptionUpdate = z.object({
  type: z.literal("subscription_update"),
  packageName,
  sessionId: sessionId.optional(),
  /** Streams of the glasses' sensors; this server has none, so they are accepted and unused. */
  subscriptions: z.array(z.unknown()).max(256),
  timestamp: sentAt,
});

/** Before a wanted goodbye an app gives its session up: nothing is kept for its return. */
const OwnershipRelease = z.object({
  type: z.literal("ownership_release"),
  packageName,
  sessionId,
  reason: z.enum(["switching_clouds", "clean_shutdown", "user_logout"]),
  timestamp: sentAt,
});

/** What an app tells the cloud on `/app-ws`. */
export const AppToCloudSchema = z.discriminatedUnion("type", [
  AppConnectionInitSchema,
  AudioPlayRequestSchema,
  AudioStopRequestSchema,
  SubscriptionUpdate,
  OwnershipRelease,
]);
export type AppToCloud = z.infer<typeof AppToCloudSchema>;

/** Real messages of an app that ask for other parts of the platform: known, and not ours to answer. */
export const appTypesOfOthers = [
  "location_poll_request",
  "display_event",
  "photo_request",
  "rgb_led_control",
  "request_wifi_setup",
  "rtmp_stream_request",
  "rtmp_stream_stop",
  "managed_stream_request",
  "managed_stream_stop",
  "stream_status_check",
  "dashboard_content_update",
  "dashboard_mode_change",
  "dashboard_system_update",
  "app_broadcast_message",
  "app_direct_message",
  "app_user_discovery",
  "app_room_join",
  "app_room_leave",
] as const;

/** How a sound ended, towards the app. `duration` is in seconds, as the SDK reads it. */
export const AudioPlayResponseSchema = z.object({
  type: z.literal("audio_play_response"),
  sessionId: sessionId.optional(),
  requestId: RequestIdSchema,
  success: z.boolean(),
  error: z.string().optional(),
  duration: z.number().min(0).optional(),
  timestamp: sentAt,
});
export type AudioPlayResponse = z.infer<typeof AudioPlayResponseSchema>;

const AppConnectionAck = z.object({
  type: z.literal("tpa_connection_ack"),
  sessionId,
  settings: z.array(z.unknown()),
  mentraosSettings: z.record(z.string(), z.unknown()).optional(),
  timestamp: z.iso.datetime(),
});

const AppConnectionError = z.object({
  type: z.literal("tpa_connection_error"),
  message: z.string(),
  code: z.string(),
  timestamp: z.iso.datetime(),
});

const AppStopped = z.object({
  type: z.literal("app_stopped"),
  sessionId,
  reason: z.enum(["user_disabled", "system_stop", "error"]),
  message: z.string().optional(),
  timestamp: z.iso.datetime(),
});

/** Answer to a message that could not be taken; the session goes on. */
export const WebsocketErrorSchema = z.object({
  type: z.literal("websocket_error"),
  code: z.enum(["invalid_json", "unknown_type", "invalid_message", "too_large", "forbidden", "rate_limited"]),
  message: z.string(),
  /** The field at fault, if it was one. */
  field: z.string().optional(),
  timestamp: z.iso.datetime(),
});
export type WebsocketError = z.infer<typeof WebsocketErrorSchema>;

/** What the cloud tells an app. */
export const CloudToAppSchema = z.discriminatedUnion("type", [
  AppConnectionAck,
  AppConnectionError,
  AppStopped,
  AudioPlayResponseSchema,
  WebsocketErrorSchema,
]);
export type CloudToApp = z.infer<typeof CloudToAppSchema>;
