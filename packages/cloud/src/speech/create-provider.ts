import { AzureProvider } from "./providers/azure.js";
import { CartesiaProvider } from "./providers/cartesia.js";
import { ElevenLabsProvider } from "./providers/elevenlabs.js";
import { FliteProvider } from "./providers/flite.js";
import { OpenAiProvider } from "./providers/openai.js";
import type { SpeechProvider } from "./SpeechProvider.js";
import type { ProviderConfig } from "./speech-config.js";

/** The provider that is configured. */
export function createProvider(config: ProviderConfig): SpeechProvider {
  switch (config.name) {
    case "flite":
      return new FliteProvider(config.threads, config.voice);
    case "elevenlabs":
      return new ElevenLabsProvider(config);
    case "openai":
      return new OpenAiProvider(config);
    case "cartesia":
      return new CartesiaProvider(config);
    case "azure":
      return new AzureProvider(config);
  }
}
