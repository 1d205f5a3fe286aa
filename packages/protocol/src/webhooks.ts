import { z } from "zod";

const base = { sessionId: z.string(), userId: z.string(), timestamp: z.iso.datetime() };

/** What the cloud posts to an app's webhook: start a session, or end it. */
export const WebhookRequestSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("session_request"),
    ...base,
    /** The ws(s) URL of `/app-ws` that the app is to open. */
    mentraOSWebsocketUrl: z.string(),
  }),
  z.object({
    type: z.literal("stop_request"),
    ...base,
    reason: z.enum(["user_disabled", "system_stop", "error"]),
  }),
]);
export type WebhookRequest = z.infer<typeof WebhookRequestSchema>;
