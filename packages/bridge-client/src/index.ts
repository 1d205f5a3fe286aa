export * from "./BridgeClient.js";
export * from "./BridgeSession.js";
export * from "./errors.js";
export * from "./Playback.js";
export type { Answer, WaitOptions } from "./waits.js";
