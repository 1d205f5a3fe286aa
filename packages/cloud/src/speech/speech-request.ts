import { z } from "zod";
import { SpeechError } from "./SpeechError.js";

/** Longest name of a voice or a model, in characters. */
const MAX_NAME = 128;
/** Longest JSON of voice settings, in characters. */
const MAX_SETTINGS = 1_024;

const share = z.number().min(0).max(1).optional();

/** The settings that `session.audio.speak` knows; a provider takes those that mean something to it. */
const VoiceSettingsSchema = z.object({
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

/** What is asked for, before it is checked. */
export interface UncheckedSpeech {
  readonly text: string;
  readonly voice?: string | undefined;
  readonly model?: string | undefined;
  readonly settings?: unknown;
}

/**
 * Reads the query of `/api/tts`, as `session.audio.speak` builds it.
 * @throws {SpeechError} see {@link checkSpeech}
 */
export function parseSpeechQuery(query: URLSearchParams, maxText: number): SpeechRequest {
  const settings = parseJson(query.get("voice_settings") ?? "{}");
  const [voice, model] = [query.get("voice_id") ?? undefined, query.get("model_id") ?? undefined];
  return checkSpeech({ text: query.get("text") ?? "", voice, model, settings }, maxText);
}

/**
 * @param maxText the longest text, in characters
 * @throws {SpeechError} `speech_invalid`, naming the parameter of `/api/tts` that is wrong
 */
export function checkSpeech(asked: UncheckedSpeech, maxText: number): SpeechRequest {
  const text = asked.text.trim();
  if (!/[\p{L}\p{N}]/u.test(text)) {
    throw invalid(`text: has no letter or digit; give the text to say as ?text=`);
  }
  if (text.length > maxText) {
    throw invalid(`text: has ${text.length} characters; ${maxText} are the most`);
  }
  return {
    text,
    voice: checkName("voice_id", asked.voice),
    model: checkName("model_id", asked.model),
    settings: checkSettings(asked.settings ?? {}),
  };
}

function checkName(parameter: string, asked: string | undefined): string | undefined {
  const name = asked?.trim() || undefined;
  if (name !== undefined && name.length > MAX_NAME) {
    throw invalid(`${parameter}: is longer than ${MAX_NAME} characters`);
  }
  return name;
}

function checkSettings(settings: unknown): VoiceSettings {
  const parsed = VoiceSettingsSchema.safeParse(settings);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "is wrong" };
    throw invalid(`${["voice_settings", ...path.map(String)].join(".")}: ${message}`);
  }
  return parsed.data;
}

function parseJson(json: string): unknown {
  if (json.length > MAX_SETTINGS) {
    throw invalid(`voice_settings: is longer than ${MAX_SETTINGS} characters`);
  }
  try {
    return JSON.parse(json);
  } catch {
    throw invalid("voice_settings: is not JSON");
  }
}

function invalid(message: string): SpeechError {
  return new SpeechError("speech_invalid", message);
}
