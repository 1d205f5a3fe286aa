import { z } from "zod";
import type { Speech } from "./speaker-job.js";
import { withoutUserPath } from "./user-path.js";

const Settings = z.record(z.string(), z.unknown());

/**
 * Whether the URL is this server's own text-to-speech. The SDK builds it from the host of the socket's
 * URL and always says https, so only host and path are compared.
 * @param appHost the host (and port) that the app's socket asked for: the server may have more names
 */
export function isOwnSpeechUrl(url: string, publicUrl: string, appHost?: string): boolean {
  if (!URL.canParse(url)) {
    return false;
  }
  const { protocol, host, pathname } = new URL(url);
  const isHttp = protocol === "http:" || protocol === "https:";
  return (
    isHttp &&
    (host === new URL(publicUrl).host || host === appHost?.toLowerCase()) &&
    withoutUserPath(pathname) === "/api/tts"
  );
}

/** What such a URL asks for, as the SDK's `speak` writes it; `undefined` if it names no text. */
export function speechOf(url: string): Speech | undefined {
  const query = new URL(url).searchParams;
  const text = query.get("text");
  if (text === null || text === "") {
    return undefined;
  }
  return {
    text,
    voice: query.get("voice_id") ?? undefined,
    model: query.get("model_id") ?? undefined,
    settings: settingsOf(query.get("voice_settings")),
  };
}

function settingsOf(json: string | null): Record<string, unknown> | undefined {
  try {
    return Settings.safeParse(JSON.parse(json ?? "null")).data;
  } catch {
    return undefined;
  }
}
