/**
 * When server playback has proved itself enough to be the only playback: what docs/deprecation.md asks for
 * before its second step, as far as one cloud's `/metrics` tell of it, over its life so far.
 */
export const thresholds = {
  /** Plays of which the end is known: fewer prove nothing. */
  minPlays: 1_000,
  /** Plays that failed, those of {@link faultsOfTheSound} left out, of those neither stopped nor replaced. */
  maxFailedShare: 0.005,
  /** Plays whose length on the glasses was within so many ms of that in the room. */
  minSameLengthShare: 0.95,
  sameLengthMs: 250,
  /** Plays whose first packet left within this many ms of the command. */
  minPromptShare: 0.95,
  promptMs: 400,
  /** Errors of the bridge, and lost connections to it, a play. */
  maxBridgeErrorShare: 0.005,
} as const;

/** Failures that no server playback could have avoided. */
export const faultsOfTheSound = [
  "blocked_address",
  "http_status",
  "fetch_failed",
  "fetch_timeout",
  "source_stalled",
  "too_large",
  "unsupported_format",
  "decode_failed",
] as const;
