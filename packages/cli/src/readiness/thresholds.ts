/**
 * When server playback has proved itself enough to be the only playback: the steps of docs/deprecation.md
 * are taken when all of these hold. Each is read off one cloud's `/metrics`, over its life so far.
 */
export const thresholds = {
  /** Plays of which the end is known: fewer prove nothing. */
  minPlays: 1_000,
  /** Plays heard to the end, of those that were neither stopped nor replaced. */
  minSuccessShare: 0.995,
  /** Plays whose length in the room was within 5 % of that on the glasses. */
  minSameLengthShare: 0.99,
  sameLength: { low: 0.95, high: 1.05 },
  /** Plays whose first packet left within this many ms of the command. */
  minPromptShare: 0.95,
  promptMs: 400,
  /** Errors of the bridge, and lost connections to it, a play. */
  maxBridgeErrorShare: 0.005,
} as const;
