import type { PlayErrorCode } from "@server-playback/protocol";

/** How a play in the room ended, or why it never began. */
export interface RoomEnd {
  readonly end: "completed" | "cancelled" | PlayErrorCode;
  /** `perhaps`: the bridge that had the play was lost before it could say. */
  readonly heard: "no" | "perhaps" | "yes";
  /** Whether the glasses are connected, so that they could play it. */
  readonly glasses: boolean;
}

/** What the glasses may well do better: the room is at fault, or the bridge in its place, not the sound. */
const roomFaults: ReadonlySet<RoomEnd["end"]> = new Set<PlayErrorCode>([
  "invalid_command",
  "unauthorized",
  "at_capacity",
  "rate_limited",
  "not_owner",
  "join_failed",
  "room_lost",
  "publish_failed",
  "internal",
  "bridge_unavailable",
  "room_timeout",
  "no_listener",
  "playback_off",
  // Another decoder may know the format, and a phone may reach what a server must not.
  "unsupported_format",
  "blocked_address",
]);

/**
 * Who has the next word on a primary play that has ended in the room: the app, as the answer, or the
 * glasses, which play it in the room's stead. Never the glasses if the room may have sounded.
 * The cases are in docs/fallback.md.
 */
export function afterTheRoom({ end, heard, glasses }: RoomEnd): "answer" | "glasses" {
  return roomFaults.has(end) && heard === "no" && glasses ? "glasses" : "answer";
}
