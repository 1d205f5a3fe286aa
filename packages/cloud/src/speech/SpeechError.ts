import { type PlayErrorCode, playErrorSentences } from "@server-playback/protocol";

/** Why there is no speech, or no more of it: these codes of a play's failure. */
export type SpeechErrorCode = Extract<PlayErrorCode, `speech_${string}`>;

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
    message: string = playErrorSentences[code],
    readonly fault: SpeechFault = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Any failure as a {@link SpeechError}. What is not one is a mistake in the program, and is its cause. */
export function asSpeechError(error: unknown): SpeechError {
  return error instanceof SpeechError
    ? error
    : new SpeechError("speech_failed", undefined, {}, { cause: error });
}
