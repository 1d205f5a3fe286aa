import { BridgeClientError } from "@server-playback/bridge-client";
import type { PcmLine, SpeechPlay, SpeechPlayer } from "../SpeechPlayer.js";
import { asSpeechError, type SpeechError } from "./SpeechError.js";
import type { PcmFormat } from "./SpeechProvider.js";
import type { SpeechService } from "./SpeechService.js";
import { checkSpeech } from "./speech-request.js";

/** How far ahead of what is heard samples are sent, in ms: the bridge holds little, and reads on. */
const AHEAD_MS = 20_000;
/** Largest binary frame, in bytes: 0.7 s at 24 kHz. */
const FRAME_BYTES = 32_768;

/** Speaks texts into rooms: what a provider makes goes to the bridge as it comes, without a file or a URL. */
export class PcmSpeechPlayer implements SpeechPlayer {
  readonly #service: SpeechService;
  readonly #maxText: number;

  constructor(service: SpeechService, maxText: number) {
    this.#service = service;
    this.#maxText = maxText;
  }

  async play({ speech, start, line, fromMs, signal }: SpeechPlay): Promise<SpeechError | undefined> {
    const { format } = this.#service;
    line.send({ ...start, ...format });
    const request = checkSpeech(speech, this.#maxText);
    const { chunks } = await this.#service.speak(request, signal);
    const pace = new Pace(line, start.requestId, signal);
    try {
      return await send(frames(chunks, bytesOf(fromMs, format)), { format, line, pace, signal });
    } finally {
      pace.end();
      finish(line, start.requestId, signal);
    }
  }
}

interface Sending {
  readonly format: PcmFormat;
  readonly line: PcmLine;
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** Sends what comes; returns why there is no more, if that is not its end. */
async function send(
  chunks: AsyncIterable<Uint8Array>,
  { format, line, pace, signal }: Sending,
): Promise<SpeechError | undefined> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      await pace.allows(millisecondsOf(bytes, format));
      if (signal.aborted) {
        return undefined;
      }
      bytes += chunk.length;
      await line.sendPcm(chunk);
    }
    return undefined;
  } catch (error) {
    // A lost connection ends or moves the play by itself.
    return error instanceof BridgeClientError ? undefined : asSpeechError(error);
  }
}

function finish(line: PcmLine, requestId: string, signal: AbortSignal): void {
  if (signal.aborted) {
    return; // the play is over, and another's samples may be on the line by now
  }
  try {
    line.send({ action: "end_pcm", requestId });
  } catch (error) {
    if (!(error instanceof BridgeClientError)) {
      throw error;
    }
  }
}

/** Keeps what is sent of a play a bounded time ahead of what is heard of it, also while it is paused. */
class Pace {
  readonly #stopListening: () => void;
  readonly #signal: AbortSignal;
  #heardMs = 0;
  #wake: () => void = () => {};

  constructor(line: PcmLine, requestId: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#stopListening = line.on("play_progress", (progress) => {
      if (progress.requestId === requestId) {
        this.#heardMs = progress.positionMs;
        this.#wake();
      }
    });
    signal.addEventListener("abort", this.#onAbort);
  }

  /** Resolves when samples may go out before which so much was sent, or the signal fired. */
  async allows(sentMs: number): Promise<void> {
    while (sentMs > this.#heardMs + AHEAD_MS && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): void {
    this.#stopListening();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = () => this.#wake();
}

/** The chunks from so many bytes on, cut into frames. */
async function* frames(chunks: AsyncIterable<Uint8Array>, skipBytes: number): AsyncGenerator<Uint8Array> {
  let skip = skipBytes;
  for await (const chunk of chunks) {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    for (let at = from; at < chunk.length; at += FRAME_BYTES) {
      yield chunk.subarray(at, at + FRAME_BYTES);
    }
  }
}

function bytesOf(ms: number, { sampleRate, channels }: PcmFormat): number {
  return Math.round((ms * sampleRate) / 1000) * 2 * channels;
}

function millisecondsOf(bytes: number, { sampleRate, channels }: PcmFormat): number {
  return (bytes / (2 * channels) / sampleRate) * 1000;
}
