import type { VoiceSettings } from "./speech-request.js";

/** How raw samples are to be read: always s16le, interleaved. */
export interface PcmFormat {
  /** Samples a second and channel, in Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** What a provider is asked to say. Voice and model are its own. */
export interface Synthesis {
  readonly text: string;
  readonly voice: string;
  /** Empty for a provider that has no models. */
  readonly model: string;
  readonly settings: VoiceSettings;
}

/** Turns text into speech. */
export interface SpeechProvider {
  /** Tells its speech from another provider's in the cache and in the log. */
  readonly name: string;
  /** The form of everything that it says. */
  readonly format: PcmFormat;
  readonly defaultVoice: string;
  /** Empty if it has no models. */
  readonly defaultModel: string;
  /** Whether this can be one of its voices, as far as that is known without asking. */
  hasVoice(voice: string): boolean;
  hasModel(model: string): boolean;
  /**
   * The samples as they come; chunks may end within one. `signal` gives it up and frees what it uses.
   * @throws {SpeechError} while it is read
   */
  synthesize(synthesis: Synthesis, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Somebody may speak soon: makes the first text start like the ones after it, where that takes something. */
  prepare?(): void;
  /** Frees everything. Calls after the first wait for the same end. */
  close(): Promise<void>;
}
