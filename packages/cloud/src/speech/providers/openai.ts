import type { SpeechProvider, Synthesis } from "../SpeechProvider.js";
import { type PcmPost, postForPcm } from "./http-pcm.js";
import type { ProviderOptions } from "./options.js";

/** `response_format: "pcm"` is 24 kHz, mono, s16le, without a header. */
const SAMPLE_RATE = 24_000;

/** Built-in voices; the older models have not all of them, and say so. */
const voices: readonly string[] = [
  "alloy",
  "ash",
  "ballad",
  "coral",
  "echo",
  "fable",
  "onyx",
  "nova",
  "sage",
  "shimmer",
  "verse",
  "marin",
  "cedar",
];

/** Clients of OpenAI write its base URL with the version; here it is without. */
const withoutVersion = (baseUrl: string) => baseUrl.replace(/\/v1$/, "");

/**
 * OpenAI, by `POST /v1/audio/speech`; also servers that speak the same, under another base URL.
 * @see https://developers.openai.com/api/reference/resources/audio/subresources/speech/methods/create
 */
export class OpenAiProvider implements SpeechProvider {
  readonly name = "openai";
  readonly format = { sampleRate: SAMPLE_RATE, channels: 1 };
  readonly defaultVoice: string;
  readonly defaultModel: string;
  readonly #options: ProviderOptions;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.defaultVoice = options.voice ?? "alloy";
    this.defaultModel = options.model ?? "gpt-4o-mini-tts";
  }

  hasVoice(voice: string): boolean {
    return voices.includes(voice) || voice === this.defaultVoice;
  }

  hasModel(model: string): boolean {
    return /^(tts-1|gpt-)/.test(model) || model === this.defaultModel;
  }

  synthesize(synthesis: Synthesis, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return postForPcm("OpenAI", this.#post(synthesis), signal);
  }

  async close(): Promise<void> {}

  #post({ text, voice, model, settings: { speed } }: Synthesis): PcmPost {
    return {
      url: `${withoutVersion(this.#options.baseUrl ?? "https://api.openai.com")}/v1/audio/speech`,
      headers: { authorization: `Bearer ${this.#options.key}`, "content-type": "application/json" },
      body: JSON.stringify({
        model,
        input: text,
        voice,
        response_format: "pcm",
        ...(speed === undefined ? {} : { speed }),
      }),
    };
  }
}
