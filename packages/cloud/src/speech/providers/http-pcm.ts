import { asSpeechError, SpeechError, type SpeechFault } from "../SpeechError.js";

/** How much of an error's body is read, in bytes. */
const MAX_ERROR_BYTES = 8_192;

/** A request for speech, whose answer is raw PCM. */
export interface PcmPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What a provider's own error text says beyond the status. */
  readonly faultOf?: (status: number, body: string) => SpeechFault;
}

/**
 * Posts a request and streams the body of the answer. Redirects are refused: they would take the key
 * elsewhere. No error holds the URL, the key, or what the provider wrote.
 * @throws {SpeechError}
 */
export async function* postForPcm(
  provider: string,
  { url, headers, body, faultOf }: PcmPost,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const response = await request(provider, url, { method: "POST", headers, body, signal, redirect: "error" });
  if (!response.ok) {
    const text = await errorText(response);
    throw errorOfStatus(provider, response.status, {
      retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
      ...faultOf?.(response.status, text),
    });
  }
  const type = response.headers.get("content-type") ?? "";
  if (/json|text|html|xml/.test(type)) {
    await response.body?.cancel();
    throw new SpeechError("speech_failed", `${provider} answered with ${type} instead of sound.`);
  }
  yield* bodyOf(provider, response);
}

async function request(provider: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    throw connectionError(provider, error);
  }
}

async function* bodyOf(provider: string, response: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? [];
  } catch (error) {
    throw connectionError(provider, error);
  }
}

/** What is known of a connection that failed or broke off; `fetch` puts the reason into `cause`. */
export function connectionError(provider: string, error: unknown): SpeechError {
  if (error instanceof SpeechError) {
    return asSpeechError(error);
  }
  const cause = (error as { cause?: { code?: unknown } }).cause?.code ?? (error as { code?: unknown }).code;
  const detail = typeof cause === "string" ? ` (${cause})` : "";
  return new SpeechError("speech_failed", `The connection to ${provider} failed${detail}.`, { retry: true });
}

/** The failure that an HTTP status stands for. */
export function errorOfStatus(provider: string, status: number, fault: SpeechFault = {}): SpeechError {
  if (fault.unknownVoice === true) {
    return new SpeechError("speech_invalid", `${provider} does not have this voice.`, fault);
  }
  if (status === 429) {
    return new SpeechError("speech_busy", `${provider} takes no more requests now (429).`, {
      retry: true,
      ...fault,
    });
  }
  if (status === 401 || status === 403) {
    return new SpeechError(
      "speech_failed",
      `${provider} refused the key, or its quota is used up (${status}).`,
    );
  }
  const retry = status === 408 || status >= 500;
  return new SpeechError("speech_failed", `${provider} refused the request (${status}).`, {
    retry,
    ...fault,
  });
}

/** `Retry-After` in ms, where it counts seconds (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
}

async function errorText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ERROR_BYTES) {
        break;
      }
    }
  } catch {
    // the status says enough
  }
  return Buffer.concat(chunks).toString();
}
