import type { SpeechProvider, Synthesis } from "../SpeechProvider.js";
import { type PcmPost, postForPcm } from "./http-pcm.js";
import type { ProviderOptions } from "./options.js";

const SAMPLE_RATE = 24_000;

export interface AzureOptions extends ProviderOptions {
  /** The resource's region, e.g. `westeurope`; its public address is made of it. */
  readonly region: string;
}

/**
 * Azure AI Speech, by `POST /cognitiveservices/v1` with SSML.
 * @see https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech
 */
export class AzureProvider implements SpeechProvider {
  readonly name = "azure";
  readonly format = { sampleRate: SAMPLE_RATE, channels: 1 };
  readonly defaultVoice: string;
  readonly defaultModel = "";
  readonly #options: AzureOptions;

  constructor(options: AzureOptions) {
    this.#options = options;
    this.defaultVoice = options.voice ?? "en-US-JennyNeural";
  }

  hasVoice(voice: string): boolean {
    return /^[a-z]{2,3}(-[A-Za-z]{2,8})+-[\w:.]+$/.test(voice);
  }

  hasModel(): boolean {
    return false;
  }

  synthesize(synthesis: Synthesis, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return postForPcm("Azure", this.#post(synthesis), signal);
  }

  async close(): Promise<void> {}

  #post(synthesis: Synthesis): PcmPost {
    const { key, region, baseUrl = `https://${region}.tts.speech.microsoft.com` } = this.#options;
    const { voice } = synthesis;
    return {
      url: `${baseUrl}/cognitiveservices/v1`,
      headers: {
        "ocp-apim-subscription-key": key,
        "content-type": "application/ssml+xml",
        "x-microsoft-outputformat": "raw-24khz-16bit-mono-pcm",
        "user-agent": "server-playback",
      },
      body: ssml(synthesis),
      // The service says no more than 400, and a voice is all in the request that can be wrong.
      faultOf: (status) => ({ unknownVoice: status === 400 && voice !== this.defaultVoice }),
    };
  }
}

function ssml({ text, voice, settings: { speed } }: Synthesis): string {
  const language = voice.split("-").slice(0, 2).join("-");
  const words = escapeXml(text);
  const said = speed === undefined ? words : `<prosody rate="${speed}">${words}</prosody>`;
  return `<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="${language}"><voice name="${escapeXml(voice)}">${said}</voice></speak>`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text as XML's characters; those that XML 1.0 forbids become spaces. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, " ")
    .replace(/[&<>"']/g, (mark) => escapes[mark] ?? mark);
}
