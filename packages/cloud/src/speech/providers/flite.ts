import { FlitePool } from "../flite/FlitePool.js";
import { FLITE_RATE, fliteVoices } from "../flite/flite.js";
import { sentences } from "../flite/sentences.js";
import type { SpeechProvider, Synthesis } from "../SpeechProvider.js";

/**
 * flite, compiled to WebAssembly: small, quick, and needs neither a key nor a network. It makes a whole
 * sentence at a time, so a text is spoken sentence by sentence, the next one made while one is heard.
 */
export class FliteProvider implements SpeechProvider {
  readonly name = "flite";
  readonly format = { sampleRate: FLITE_RATE, channels: 1 };
  readonly defaultModel = "";
  readonly #pool: FlitePool;

  /** `threads` bounds how many sentences are made at once. */
  constructor(
    threads: number,
    readonly defaultVoice = "slt",
  ) {
    this.#pool = new FlitePool(threads);
  }

  hasVoice(voice: string): boolean {
    return fliteVoices.includes(voice);
  }

  hasModel(): boolean {
    return false;
  }

  prepare(): void {
    this.#pool.warmUp();
  }

  async *synthesize({ text, voice, settings }: Synthesis, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (const sentence of sentences(text)) {
      yield await this.#pool.speak({ text: sentence, voice, speed: settings.speed ?? 1 }, signal);
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
