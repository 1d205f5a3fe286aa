import { createHash } from "node:crypto";
import type { PcmFormat, Synthesis } from "../SpeechProvider.js";

/** Raised when the same text would sound or be stored otherwise than before. */
const VERSION = 1;

/** Names a speech by all that it depends on: hexadecimal, fit for a file's name. */
export function speechKey(provider: string, format: PcmFormat, synthesis: Synthesis): string {
  const { text, voice, model, settings } = synthesis;
  const sorted = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const all = [VERSION, provider, format.sampleRate, format.channels, voice, model, sorted, text];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}
