import { z } from "zod";

const call = { id: z.number(), userId: z.string() };

/** What the sample app's process is told to do with one user's session. */
export const AppCallSchema = z.discriminatedUnion("method", [
  z.object({
    ...call,
    method: z.literal("play"),
    options: z.object({
      audioUrl: z.string(),
      volume: z.number().exactOptional(),
      stopOtherAudio: z.boolean().exactOptional(),
      trackId: z.number().exactOptional(),
    }),
  }),
  z.object({
    ...call,
    method: z.literal("speak"),
    text: z.string(),
    options: z
      .object({
        voice_id: z.string().exactOptional(),
        volume: z.number().exactOptional(),
        stopOtherAudio: z.boolean().exactOptional(),
        trackId: z.number().exactOptional(),
      })
      .exactOptional(),
  }),
  z.object({ ...call, method: z.literal("stop"), trackId: z.number().optional() }),
]);
export type AppCall = z.infer<typeof AppCallSchema>;

/** What the SDK's `playAudio` resolves to; `duration` in seconds. */
const AudioResultSchema = z.object({
  success: z.boolean(),
  error: z.string().optional(),
  duration: z.number().optional(),
});
export type AudioResult = z.infer<typeof AudioResultSchema>;

/** What the process tells. */
export const AppNewsSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session"), userId: z.string(), sessionId: z.string() }),
  z.object({ type: z.literal("stopped"), userId: z.string(), reason: z.string() }),
  z.object({ type: z.literal("answer"), requestId: z.string() }),
  z.object({ type: z.literal("result"), id: z.number(), result: AudioResultSchema }),
  z.object({ type: z.literal("failed"), id: z.number(), error: z.string() }),
]);
export type AppNews = z.infer<typeof AppNewsSchema>;
