import { errorSentences, type JobSummary } from "@server-playback/protocol";

/** Any code that a job can fail with. */
export type FailureCode = NonNullable<JobSummary["error"]>;

/** What to do about each failure: said to the one who runs the server. */
const advice: Readonly<Record<FailureCode, string>> = {
  invalid_command: "Compare the request with the message's schema; the message below names the field.",
  unauthorized: "Check BRIDGE_SHARED_SECRET on both sides, the LiveKit key and secret, and both clocks.",
  at_capacity: "Add a bridge, or wait for a stream to end; see active streams against capacity.",
  join_failed: "Check LIVEKIT_URL, the key and the secret, and that the bridge reaches that address.",
  room_lost: "See whether LiveKit was restarted or the network was cut; the next play joins anew.",
  publish_failed: "Look at LiveKit's log for this room: its limits, and the grants of the token.",
  blocked_address: "Use an http or https URL on a public address, or allow this address in the bridge.",
  fetch_failed: "Open the URL from the bridge's host: name, certificate and firewall are the usual causes.",
  fetch_timeout: "The source is slow or unreachable: try it from the bridge's host, or move it closer.",
  http_status: "Open the URL: it may have moved, expired or need a login.",
  too_large: "Play a shorter or a compressed version, or raise the limit.",
  max_duration: "Raise SPEAKER_MAX_DURATION_MS if sounds may be longer than this.",
  unsupported_format:
    "Play MP3, WAV, Ogg or FLAC; a web page or a playlist at this URL also looks like this.",
  decode_failed: "Play the file locally: if it stops at the same place, the file is damaged.",
  source_stalled: "The source stopped in the middle: look at its server, or serve the file from elsewhere.",
  cancelled: "Nothing to do: somebody stopped it or a newer sound replaced it.",
  internal: "Search the bridge's log for this request, and report what you find.",
  bridge_unavailable: "Start the bridge, or correct LIVEKIT_GO_BRIDGE_URL; it is tried again by itself.",
};

/** What a failure means and what to do about it. */
export function explainFailure(code: FailureCode): { meaning: string; advice: string } {
  const meaning = code === "bridge_unavailable" ? "The cloud cannot reach the bridge." : errorSentences[code];
  return { meaning, advice: advice[code] };
}
