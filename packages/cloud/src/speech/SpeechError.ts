/**
 * Why there is no speech, or no more of it. The codes are stable: programs branch on them, and none is
 * ever renamed or given a second meaning.
 */
export const speechErrorSentences = {
  speech_invalid: "The text or a setting of its speech cannot be spoken.",
  speech_failed: "The text could not be turned into speech.",
  speech_timeout: "The speech did not come in time.",
  speech_busy: "More speech is asked for than can be made at once.",
} as const;

/** A stable code of {@link speechErrorSentences}. */
export type SpeechErrorCode = keyof typeof speechErrorSentences;

/** What else is known of a failure, for those who can act on it. */
export interface SpeechFault {
  /** The same attempt may succeed at once or after {@link retryAfterMs}. */
  readonly retry?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** The provider does not have the voice that it was asked for. */
  readonly unknownVoice?: boolean;
}

/** A failure of speech. Its message names what is wrong and holds neither a key nor the text. */
export class SpeechError extends Error {
  override readonly name = "SpeechError";

  constructor(
    readonly code: SpeechErrorCode,
    message: string = speechErrorSentences[code],
    readonly fault: SpeechFault = {},
  ) {
    super(message);
  }
}

/** Any failure as a {@link SpeechError}; what is not one keeps its words to itself, which may hold a URL. */
export function asSpeechError(error: unknown): SpeechError {
  return error instanceof SpeechError ? error : new SpeechError("speech_failed");
}
