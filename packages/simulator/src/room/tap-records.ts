import { z } from "zod";

const at = z.number();
const id = z.string();
const track = z.string();

/** What room-tap writes; times in µs since the Unix epoch. */
export const TapRecordSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("packet"),
    id,
    track,
    at,
    seq: z.number(),
    ts: z.number(),
    marker: z.boolean(),
    ssrc: z.number(),
    payload: z.string(),
  }),
  z.object({ type: z.literal("joined"), id, at, room: z.string(), identity: z.string() }),
  z.object({ type: z.literal("join_failed"), id, at, reason: z.string() }),
  z.object({
    type: z.literal("subscribed"),
    id,
    at,
    track,
    name: z.string().default(""),
    publisher: z.string(),
  }),
  z.object({ type: z.literal("unsubscribed"), id, at, track, publisher: z.string() }),
  z.object({ type: z.literal("left"), id, at, reason: z.string() }),
  z.object({ type: z.literal("dropped"), at, count: z.number() }),
  z.object({ type: z.literal("error"), id: id.optional(), at, reason: z.string() }),
]);
export type TapRecord = z.infer<typeof TapRecordSchema>;
