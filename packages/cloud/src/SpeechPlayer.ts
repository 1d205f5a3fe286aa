import type { BridgeClient } from "@server-playback/bridge-client";
import type { BridgeCommandOf } from "@server-playback/protocol";
import type { Speech } from "./speaker-job.js";
import type { SpeechError } from "./speech/SpeechError.js";

/** What speech needs of a connection to a bridge; it goes on over a cut that lasts no longer than a few seconds. */
export type PcmLine = Pick<BridgeClient, "send" | "sendPcm" | "on">;

/** `start_pcm` but for the sound's form, which the one who makes the sound knows. */
type SpeechStart = Omit<BridgeCommandOf<"start_pcm">, "sampleRate" | "channels">;

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
   * made, and `end_pcm`. Resolves when all is sent, or the signal fired; with the reason if the rest of
   * a speech that had begun could not be made: what was made of it is heard.
   * @throws {SpeechError} nothing of it could be made
   */
  play(play: SpeechPlay): Promise<SpeechError | undefined>;
}
