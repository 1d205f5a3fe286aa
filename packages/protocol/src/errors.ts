import { z } from "zod";

/**
 * Why a play failed or a command was refused. The codes are stable: programs branch on them,
 * and none is ever renamed or given a second meaning. People read {@link errorSentences}.
 */
export const errorSentences = {
  invalid_command: "The command is malformed: a field is missing, has the wrong type or is out of range.",
  unauthorized: "The credentials are missing, wrong or expired.",
  at_capacity: "This bridge carries as many streams as it can carry well.",
  rate_limited: "Too many messages came at once; try again a little later.",
  join_failed: "The LiveKit room could not be joined.",
  room_lost: "The connection to the LiveKit room was lost and could not be restored.",
  publish_failed: "The audio track could not be published in the room.",
  blocked_address: "The URL's scheme or address is not allowed.",
  fetch_failed: "The audio could not be fetched: the server could not be reached or broke off.",
  fetch_timeout: "The audio's server did not answer in time.",
  http_status: "The audio's server answered with an error status.",
  too_large: "The message or the audio is larger than the limit.",
  max_duration: "The sound reached the longest duration allowed and was ended there.",
  unsupported_format: "The data is not audio in a format that can be played.",
  decode_failed: "The audio is damaged and could not be decoded.",
  source_stalled: "The audio's server stopped sending data.",
  cancelled: "The play was stopped before its end.",
  fenced: "A newer owner drives this room: the command's fencing token is older than one that was seen.",
  internal: "Something failed inside the server.",
} as const;

/** A stable error code. */
export type ErrorCode = keyof typeof errorSentences;

/** Every error code, in the order of {@link errorSentences}. */
export const errorCodes = Object.keys(errorSentences) as [ErrorCode, ...ErrorCode[]];

/** Parses a stable error code. */
export const ErrorCodeSchema = z.enum(errorCodes);

/** Why a play failed that never reached a bridge, or not in time: this server's own codes, beside the bridge's. */
const cloudErrorSentences = {
  bridge_unavailable: "No bridge could be reached, or the connection to it was lost.",
  not_owner: "Another node drives the user's room, or it cannot be found out who does.",
  room_timeout: "The room could not be made ready in time.",
  no_listener: "The user's glasses are not in the room.",
  glasses_away: "The glasses are not connected.",
  playback_off: "Playback in the room is turned off.",
  request_in_use: "The requestId is in use by another app.",
  too_many_plays: "Too many sounds play at once.",
  plays_too_fast: "Too many sounds were asked for in too short a time.",
  draining: "The server is going away and takes no new sounds.",
  speech_invalid: "The text or a setting of its speech cannot be spoken.",
  speech_failed: "The text could not be turned into speech.",
  speech_timeout: "The speech did not come in time.",
  speech_busy: "More speech is asked for than can be made at once.",
} as const;

/** Every reason for which a play can fail, with its sentence for people. */
export const playErrorSentences = { ...errorSentences, ...cloudErrorSentences } as const;

/** A stable code of a play's failure. */
export type PlayErrorCode = keyof typeof playErrorSentences;

/** Parses a stable code of a play's failure. */
export const PlayErrorCodeSchema = z.enum(
  Object.keys(playErrorSentences) as [PlayErrorCode, ...PlayErrorCode[]],
);

/** Who or why: said with a `cancelled` play and with a stop. Open: unknown reasons are carried through. */
export const ReasonSchema = z.string().min(1).max(64);
