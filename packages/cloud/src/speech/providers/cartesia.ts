import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import { WebSocket } from "ws";
import { z } from "zod";
import { SpeechError } from "../SpeechError.js";
import type { SpeechProvider, Synthesis } from "../SpeechProvider.js";
import { connectionError, errorOfStatus } from "./http-pcm.js";
import type { ProviderOptions } from "./options.js";

const SAMPLE_RATE = 24_000;
/** The version of the API that this was written for. */
const VERSION = "2026-03-01";
/** Its limits of `generation_config.speed`. */
const [SLOWEST, FASTEST] = [0.6, 1.5];

const MessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("chunk"), data: z.base64() }),
  z.object({ type: z.literal("done") }),
  z.object({
    type: z.literal("error"),
    status_code: z.number().optional(),
    error_code: z.string().optional(),
  }),
]);
type Message = z.infer<typeof MessageSchema>;

/**
 * Cartesia, by its WebSocket: one connection a speech, ended by this side after `done`.
 * @see https://docs.cartesia.ai/api-reference/tts/websocket
 */
export class CartesiaProvider implements SpeechProvider {
  readonly name = "cartesia";
  readonly format = { sampleRate: SAMPLE_RATE, channels: 1 };
  readonly defaultVoice: string;
  readonly defaultModel: string;
  readonly #options: ProviderOptions;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.defaultVoice = options.voice ?? "a0e99841-438c-4a64-b679-ae501e7d6091";
    this.defaultModel = options.model ?? "sonic-3";
  }

  hasVoice(voice: string): boolean {
    return z.guid().safeParse(voice).success;
  }

  hasModel(model: string): boolean {
    return model.startsWith("sonic");
  }

  async close(): Promise<void> {}

  async *synthesize(synthesis: Synthesis, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const socket = await this.#open(signal);
    try {
      const messages = on(socket, "message", { signal, close: ["close"] });
      socket.send(JSON.stringify(request(synthesis)));
      for await (const [data] of messages) {
        const message = read(String(data));
        if (message?.type === "done") {
          return;
        }
        if (message?.type === "error") {
          throw errorOf(message);
        }
        if (message?.type === "chunk") {
          yield Buffer.from(message.data, "base64");
        }
      }
      throw new SpeechError("speech_failed", "Cartesia broke off.", { retry: true });
    } catch (error) {
      throw connectionError("Cartesia", error);
    } finally {
      socket.terminate(); // this ends the synthesis as well
    }
  }

  async #open(signal: AbortSignal): Promise<WebSocket> {
    const { key, baseUrl = "wss://api.cartesia.ai" } = this.#options;
    const socket = new WebSocket(`${baseUrl.replace(/^http/, "ws")}/tts/websocket`, {
      headers: { authorization: `Bearer ${key}`, "cartesia-version": VERSION },
      perMessageDeflate: false,
    });
    const refused = once(socket, "unexpected-response").then(([, { statusCode }]) =>
      Promise.reject(errorOfStatus("Cartesia", Number(statusCode))),
    );
    refused.catch(() => {}); // also when the socket opens
    try {
      await Promise.race([once(socket, "open", { signal }), refused]);
      return socket;
    } catch (error) {
      socket.on("error", () => {}); // of the attempt that is given up
      socket.terminate();
      throw connectionError("Cartesia", error);
    }
  }
}

function request({ text, voice, model, settings: { speed } }: Synthesis): object {
  return {
    model_id: model,
    transcript: text,
    voice: { mode: "id", id: voice },
    language: "en",
    context_id: randomUUID(),
    output_format: { container: "raw", encoding: "pcm_s16le", sample_rate: SAMPLE_RATE },
    ...(speed === undefined
      ? {}
      : { generation_config: { speed: Math.min(FASTEST, Math.max(SLOWEST, speed)) } }),
    continue: false,
  };
}

/** Messages of other types, time stamps for example, are not needed. */
function read(text: string): Message | undefined {
  try {
    return MessageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function errorOf({ status_code = 500, error_code = "" }: Extract<Message, { type: "error" }>): SpeechError {
  return errorOfStatus("Cartesia", status_code, { unknownVoice: error_code === "voice_not_found" });
}
