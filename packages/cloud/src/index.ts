export { type App, hashApiKey } from "./apps.js";
export { type CloseCode, closeCodes } from "./close-codes.js";
export { type Cloud, CloudStartError, startCloud } from "./cloud.js";
export { type CloudConfig, ConfigError, loadConfig } from "./config.js";
export { JobStoreError } from "./jobs/JobStore.js";
export { createLogger, type Logger } from "./logger.js";
export { Metrics } from "./metrics.js";
export type { PlaybackMode } from "./playback-flags.js";
export { SpeechSigner } from "./speech/speech-signature.js";
