import type { BridgeClient } from "@server-playback/bridge-client";
import type { BridgeCommandOf } from "@server-playback/protocol";
import type { JobErrorCode, Speech } from "./speaker-job.js";

/** What speech needs of a connection to a bridge; it goes on over a cut that lasts no longer than a few seconds. */
export type PcmLine = Pick<BridgeClient, "send" | "sendPcm">;

/** `start_pcm` but for the sound's form, which the one who makes the sound knows. */
export type SpeechStart = Omit<BridgeCommandOf<"start_pcm">, "sampleRate" | "channels">;

/** One text on its way into a room. */
export interface SpeechPlay {
  readonly speech: Speech;
  readonly start: SpeechStart;
  readonly line: PcmLine;
  /** Where in the speech to begin, in ms: more than 0 when it goes on with another bridge. */
  readonly fromMs: number;
  /** Fires when the job is over, for whatever reason: then nothing more is made or sent. */
  readonly signal: AbortSignal;
}

/** Port: makes speech of texts. Without one, the server's own speech is not played in the room. */
export interface SpeechPlayer {
  /**
   * Sends `start_pcm` before it returns, so that commands keep their order; then the sound as it is
   * made, and `end_pcm`. Resolves when all is sent, or the signal fired.
   * @throws {SpeechError} the speech could not be made
   */
  play(play: SpeechPlay): Promise<void>;
}

/** Why a text could not be spoken. `message` is for people and holds no secret. */
export class SpeechError extends Error {
  override readonly name = "SpeechError";

  constructor(
    readonly code: JobErrorCode,
    message: string,
  ) {
    super(message);
  }
}
