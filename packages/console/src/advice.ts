import { type PlayErrorCode, playErrorSentences } from "@server-playback/protocol";

/** What to do about each failure: said to the one who runs the server. */
const advice: Readonly<Record<PlayErrorCode, string>> = {
  invalid_command: "Compare the request with the message's schema; the message below names the field.",
  unauthorized: "Check BRIDGE_SHARED_SECRET on both sides, the LiveKit key and secret, and both clocks.",
  at_capacity: "Add a bridge, or wait for a stream to end; see active streams against capacity.",
  rate_limited: "Send commands more slowly; a program that sends in a loop is the usual cause.",
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
  room_timeout: "See whether LiveKit answers: its address, its load and its log.",
  no_listener: "Let the glasses join the room: they ask for it when they connect.",
  glasses_away: "Nothing to do here: the sound can be asked for again once the glasses are back.",
  playback_off: "Configure LiveKit and the bridge, and do not set SERVER_PLAYBACK_ENABLED to false.",
  request_in_use: "Choose another requestId: an app must not take one that another app uses.",
  too_many_plays: "Wait until a sound has ended, stop one, or let the new one replace the others.",
  plays_too_fast: "Ask more slowly: an app that plays in a loop is the usual cause.",
  fenced:
    "Nothing to do here: the user's new server has taken over; see in its log why this one lost the lease.",
  not_owner: "Ask the server that holds the user's session, or let the load balancer send users by session.",
  draining: "Ask again in a moment: another server takes over, or this one is being restarted.",
  speech_invalid: "Shorten the text, or choose a voice that exists; the message below says which it was.",
  speech_failed: "Look at the log of the one who speaks: its key, its quota and its voice.",
  speech_timeout: "See whether the speech service answers, or use the one that is built in.",
  speech_busy: "Ask again in a moment, or let fewer texts be spoken at once.",
};

/** What a failure means and what to do about it. */
export function explainFailure(code: PlayErrorCode): { meaning: string; advice: string } {
  return { meaning: playErrorSentences[code], advice: advice[code] };
}
