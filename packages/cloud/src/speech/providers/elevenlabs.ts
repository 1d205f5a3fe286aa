import { z } from "zod";
import type { SpeechFault } from "../SpeechError.js";
import type { SpeechProvider, Synthesis } from "../SpeechProvider.js";
import { type PcmPost, postForPcm } from "./http-pcm.js";
import type { ProviderOptions } from "./options.js";

const SAMPLE_RATE = 24_000;

const ErrorSchema = z.object({ detail: z.object({ status: z.string() }) });

/**
 * ElevenLabs, by `POST /v1/text-to-speech/{voice_id}/stream`.
 * @see https://elevenlabs.io/docs/api-reference/text-to-speech/stream
 */
export class ElevenLabsProvider implements SpeechProvider {
  readonly name = "elevenlabs";
  readonly format = { sampleRate: SAMPLE_RATE, channels: 1 };
  readonly defaultVoice: string;
  readonly defaultModel: string;
  readonly #options: ProviderOptions;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.defaultVoice = options.voice ?? "JBFqnCBsd6RMkjVDRZzb";
    this.defaultModel = options.model ?? "eleven_flash_v2_5";
  }

  hasVoice(voice: string): boolean {
    return /^[A-Za-z0-9]{16,40}$/.test(voice);
  }

  hasModel(model: string): boolean {
    return model.startsWith("eleven_");
  }

  synthesize(synthesis: Synthesis, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return postForPcm("ElevenLabs", this.#post(synthesis), signal);
  }

  async close(): Promise<void> {}

  #post({ text, voice, model, settings }: Synthesis): PcmPost {
    const hasSettings = Object.values(settings).some((setting) => setting !== undefined);
    return {
      url: `${this.#options.baseUrl ?? "https://api.elevenlabs.io"}/v1/text-to-speech/${encodeURIComponent(voice)}/stream?output_format=pcm_${SAMPLE_RATE}`,
      headers: { "xi-api-key": this.#options.key, "content-type": "application/json" },
      body: JSON.stringify({ text, model_id: model, ...(hasSettings ? { voice_settings: settings } : {}) }),
      faultOf,
    };
  }
}

function faultOf(_status: number, body: string): SpeechFault {
  return { unknownVoice: statusIn(body) === "voice_not_found" };
}

function statusIn(body: string): string | undefined {
  try {
    return ErrorSchema.safeParse(JSON.parse(body)).data?.detail.status;
  } catch {
    return undefined;
  }
}
