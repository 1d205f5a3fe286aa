import type { CloudConfig } from "../config.js";
import type { Logger } from "../logger.js";
import type { Metrics } from "../metrics.js";
import type { SpeechPlayer } from "../SpeechPlayer.js";
import { SpeechCache } from "./cache/SpeechCache.js";
import { createProvider } from "./create-provider.js";
import { PcmSpeechPlayer } from "./PcmSpeechPlayer.js";
import { SpeechService } from "./SpeechService.js";
import { SpeechSigner } from "./speech-signature.js";
import { TtsRoute } from "./tts-route.js";

/** What a cloud that speaks consists of. */
export interface SpeechParts {
  readonly player: SpeechPlayer;
  readonly route: TtsRoute;
  signUrl(url: string): string;
  /** Somebody may speak soon. */
  prepare(): void;
  close(): Promise<void>;
}

/** Makes everything that is needed to speak; `undefined` if speech is off. */
export function createSpeech(
  { speech, glassesTokenSecret: tokenSecret }: CloudConfig,
  publicUrl: string,
  metrics: Metrics,
  log: Logger,
): SpeechParts | undefined {
  if (speech === undefined) {
    return undefined;
  }
  const { provider, maxText, timeoutMs, cacheFolder, cacheBytes, cacheMemoryBytes } = speech;
  const cache = { memoryBytes: cacheMemoryBytes, folder: cacheFolder, diskBytes: cacheBytes };
  const service = new SpeechService({
    provider: createProvider(provider),
    cache: new SpeechCache(cache, log),
    timeoutMs,
    log,
    onSpeech: (outcome, tookMs) => {
      metrics.speeches.inc({ outcome });
      if (outcome !== "failed") {
        metrics.speechLatency.observe(tookMs);
      }
    },
  });
  service.prepare(); // most of what the first text would wait for is done once a process
  const signer = new SpeechSigner(tokenSecret);
  const origin = new URL(publicUrl);
  return {
    player: new PcmSpeechPlayer(service, maxText),
    route: new TtsRoute({ service, signer, tokenSecret, maxText, log }),
    signUrl: (url) => signer.sign(url, origin),
    prepare: () => service.prepare(),
    close: () => service.close(),
  };
}
