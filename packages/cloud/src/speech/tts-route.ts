import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { verifyGlasses } from "../credentials.js";
import { bearerToken } from "../headers.js";
import type { Logger } from "../logger.js";
import { asSpeechError, type SpeechErrorCode } from "./SpeechError.js";
import type { PcmFormat } from "./SpeechProvider.js";
import type { SpeechService, Utterance } from "./SpeechService.js";
import { parseSpeechQuery } from "./speech-request.js";
import type { SpeechSigner } from "./speech-signature.js";
import { WAV_HEADER_BYTES, wavHeader } from "./wav-header.js";

const statuses: Readonly<Record<SpeechErrorCode, number>> = {
  speech_invalid: 400,
  speech_failed: 502,
  speech_busy: 503,
  speech_timeout: 504,
};
/** Speeches that one caller gets at once. */
const MAX_PER_CALLER = 4;
/** When a caller that asked for too much may ask again, in s. */
const RETRY_AFTER_S = 1;

export interface TtsRouteOptions {
  readonly service: SpeechService;
  readonly signer: SpeechSigner;
  /** Verifies the glasses' JWTs. */
  readonly tokenSecret: string;
  readonly maxText: number;
  readonly log: Logger;
}

/** `GET /api/tts`: speech for those who play it themselves, as a WAV that begins before it is complete. */
export class TtsRoute {
  readonly #options: TtsRouteOptions;
  /** How many speeches each caller gets now. */
  readonly #callers = new Map<string, number>();

  constructor(options: TtsRouteOptions) {
    this.#options = options;
  }

  /** Answers the request; resolves when the answer is sent or the caller has gone. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    if (request.method !== "GET" && request.method !== "HEAD") {
      refuse(response, 405, "method_not_allowed", "Use GET.", { allow: "GET, HEAD" });
      return;
    }
    const caller = await this.#callerOf(request, query);
    if (caller === undefined) {
      const message = "Use a URL from a play request of the last minutes, or the glasses' token.";
      refuse(response, 401, "unauthorized", message, { "www-authenticate": "Bearer" });
      return;
    }
    const running = this.#callers.get(caller) ?? 0;
    if (running >= MAX_PER_CALLER) {
      const message = "This caller gets as much speech at once as it may.";
      refuse(response, 429, "speech_busy", message, { "retry-after": RETRY_AFTER_S });
      return;
    }
    this.#callers.set(caller, running + 1);
    try {
      await this.#speak(request, query, response);
    } finally {
      this.#left(caller);
    }
  }

  #left(caller: string): void {
    const running = (this.#callers.get(caller) ?? 1) - 1;
    if (running === 0) {
      this.#callers.delete(caller);
    } else {
      this.#callers.set(caller, running);
    }
  }

  async #callerOf(request: IncomingMessage, query: URLSearchParams): Promise<string | undefined> {
    if (this.#options.signer.verify(query)) {
      return `url ${query.get("sig")}`;
    }
    const verdict = await verifyGlasses(bearerToken(request), this.#options.tokenSecret);
    return verdict.ok ? `user ${verdict.claim.userId}` : undefined;
  }

  async #speak(request: IncomingMessage, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const leave = () => gone.abort();
    response.once("close", leave);
    try {
      const { service, maxText } = this.#options;
      const asked = parseSpeechQuery(query, maxText);
      if (request.method === "HEAD") {
        response.writeHead(200, headers()).end();
        return;
      }
      const speech = await service.speak(asked, gone.signal);
      response.writeHead(200, headers(speech.bytes));
      await pipeline(wav(speech, service.format), response);
    } catch (error) {
      this.#failed(error, response, gone.signal);
    } finally {
      response.off("close", leave);
      leave(); // whatever is still being made for this caller alone is given up
    }
  }

  /** Before the first sound the reason is a status; after it, only a cut connection says that it is not whole. */
  #failed(error: unknown, response: ServerResponse, gone: AbortSignal): void {
    if (gone.aborted) {
      response.destroy();
      return;
    }
    const { code, message } = asSpeechError(error);
    this.#options.log.warn({ error: code, message }, "speech not served");
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const retry = code === "speech_busy" ? { "retry-after": RETRY_AFTER_S } : {};
    refuse(response, statuses[code], code, message, retry);
  }
}

function headers(bytes?: number): Record<string, string | number> {
  const length = bytes === undefined ? {} : { "content-length": bytes + WAV_HEADER_BYTES };
  return { "content-type": "audio/wav", "cache-control": "no-store", ...length };
}

async function* wav({ bytes, chunks }: Utterance, format: PcmFormat): AsyncGenerator<Uint8Array> {
  yield wavHeader(format, bytes);
  yield* chunks;
}

function refuse(
  response: ServerResponse,
  status: number,
  error: string,
  message: string,
  more: Record<string, string | number> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...more });
  response.end(`${JSON.stringify({ error, message })}\n`);
}
