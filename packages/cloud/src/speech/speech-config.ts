import type { SettingValues } from "../settings.js";
import { fliteVoices } from "./flite/flite.js";

/** Which provider speaks, and with what. */
export type ProviderConfig =
  | { readonly name: "flite"; readonly voice?: string | undefined; readonly threads: number }
  | ({ readonly name: "elevenlabs" | "openai" | "cartesia" } & NetworkConfig)
  | ({ readonly name: "azure"; readonly region: string } & NetworkConfig);

interface NetworkConfig {
  readonly key: string;
  readonly baseUrl?: string | undefined;
  readonly voice?: string | undefined;
  readonly model?: string | undefined;
}

/** Everything about speech that can be set. */
export interface SpeechConfig {
  readonly provider: ProviderConfig;
  /** Longest text, in characters. */
  readonly maxText: number;
  /** How long each chunk of a provider is waited for, in ms. */
  readonly timeoutMs: number;
  /** Folder of the cache; absent means in memory only. */
  readonly cacheFolder?: string | undefined;
  readonly cacheBytes: number;
  readonly cacheMemoryBytes: number;
}

const keys = {
  elevenlabs: "ELEVENLABS_API_KEY",
  openai: "OPENAI_API_KEY",
  cartesia: "CARTESIA_API_KEY",
  azure: "AZURE_SPEECH_KEY",
} as const;

/** Reads what speech needs; `undefined` if it is off or a mistake was found, which is added to the list. */
export function readSpeech(values: Partial<SettingValues>, mistakes: string[]): SpeechConfig | undefined {
  const provider = readProvider(values, mistakes);
  if (provider === undefined) {
    return undefined;
  }
  const { TTS_MAX_TEXT = 0, TTS_TIMEOUT_MS = 0, TTS_CACHE_BYTES = 0, TTS_CACHE_MEMORY_BYTES = 0 } = values;
  return {
    provider,
    maxText: TTS_MAX_TEXT,
    timeoutMs: TTS_TIMEOUT_MS,
    cacheFolder: values.TTS_CACHE_DIR,
    cacheBytes: TTS_CACHE_BYTES,
    cacheMemoryBytes: TTS_CACHE_MEMORY_BYTES,
  };
}

function readProvider(values: Partial<SettingValues>, mistakes: string[]): ProviderConfig | undefined {
  const { TTS_PROVIDER: name, TTS_VOICE: voice, TTS_THREADS: threads = 1 } = values;
  if (name === undefined || name === "off") {
    return undefined;
  }
  if (name === "flite" && voice !== undefined && !fliteVoices.includes(voice)) {
    mistakes.push(`TTS_VOICE: flite has no voice ${voice}; use ${fliteVoices.join(", ")}, or leave it out`);
  }
  if (name === "flite") {
    return { name, voice, threads };
  }
  const key = values[keys[name]];
  if (key === undefined) {
    mistakes.push(
      `${keys[name]}: is missing; TTS_PROVIDER=${name} needs it (or ${keys[name]}_FILE), or use TTS_PROVIDER=flite`,
    );
    return undefined;
  }
  const network = { key, voice, model: values.TTS_MODEL, baseUrl: values.TTS_BASE_URL };
  if (name !== "azure") {
    return { name, ...network };
  }
  const region = values.AZURE_SPEECH_REGION;
  if (region === undefined && network.baseUrl === undefined) {
    mistakes.push("AZURE_SPEECH_REGION: is missing; TTS_PROVIDER=azure needs it, e.g. westeurope");
    return undefined;
  }
  return { name, region: region ?? "", ...network };
}
