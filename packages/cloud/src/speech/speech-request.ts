import { z } from "zod";
import { SpeechError } from "./SpeechError.js";

/** Longest name of a voice or a model, in characters. */
const MAX_NAME = 128;
/** Longest JSON of voice settings, in characters. */
const MAX_SETTINGS = 1_024;

const share = z.number().min(0).max(1).optional();

/** The settings that `session.audio.speak` knows; a provider takes those that mean something to it. */
export const VoiceSettingsSchema = z.object({
  stability: share,
  similarity_boost: share,
  style: share,
  use_speaker_boost: z.boolean().optional(),
  /** Times the voice's own speed. */
  speed: z.number().min(0.25).max(4).optional(),
});
export type VoiceSettings = z.infer<typeof VoiceSettingsSchema>;

/** What is to be said and how, as an app asks for it. */
export interface SpeechRequest {
  readonly text: string;
  readonly voice?: string | undefined;
  readonly model?: string | undefined;
  readonly settings: VoiceSettings;
}

/**
 * Reads the query of `/api/tts`, as `session.audio.speak` builds it.
 * @param maxText the longest text, in characters
 * @throws {SpeechError} `speech_invalid`, naming the parameter
 */
export function parseSpeechQuery(query: URLSearchParams, maxText: number): SpeechRequest {
  const text = (query.get("text") ?? "").trim();
  if (!/[\p{L}\p{N}]/u.test(text)) {
    throw invalid(`text: has no letter or digit; give the text to say as ?text=`);
  }
  if (text.length > maxText) {
    throw invalid(`text: has ${text.length} characters; ${maxText} are the most`);
  }
  return {
    text,
    voice: nameIn(query, "voice_id"),
    model: nameIn(query, "model_id"),
    settings: settingsIn(query),
  };
}

function nameIn(query: URLSearchParams, parameter: string): string | undefined {
  const name = query.get(parameter)?.trim() || undefined;
  if (name !== undefined && name.length > MAX_NAME) {
    throw invalid(`${parameter}: is longer than ${MAX_NAME} characters`);
  }
  return name;
}

function settingsIn(query: URLSearchParams): VoiceSettings {
  const json = query.get("voice_settings") ?? "{}";
  if (json.length > MAX_SETTINGS) {
    throw invalid(`voice_settings: is longer than ${MAX_SETTINGS} characters`);
  }
  const parsed = VoiceSettingsSchema.safeParse(parseJson(json));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "is wrong" };
    throw invalid(`${["voice_settings", ...path.map(String)].join(".")}: ${message}`);
  }
  return parsed.data;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid("voice_settings: is not JSON");
  }
}

function invalid(message: string): SpeechError {
  return new SpeechError("speech_invalid", message);
}
