import type { Logger } from "../logger.js";
import { RecentSet } from "../recent-set.js";
import type { SpeechCache } from "./cache/SpeechCache.js";
import { speechKey } from "./cache/speech-key.js";
import { SharedSpeech } from "./SharedSpeech.js";
import { asSpeechError, SpeechError } from "./SpeechError.js";
import type { PcmFormat, SpeechProvider, Synthesis } from "./SpeechProvider.js";
import type { SpeechRequest } from "./speech-request.js";
import { bounded, retriedOnce, wholeSamples } from "./synthesis.js";

/** Longest speech, in bytes: 11 minutes at 24 kHz. */
const MAX_SPEECH_BYTES = 32 * 1024 * 1024;
/** Texts that are made at once; each holds its sound in memory meanwhile. */
const MAX_AT_ONCE = 32;
/** Voices that the provider was found not to have, which are not asked for again. */
const REMEMBERED_VOICES = 256;

/** Where a speech comes from: a synthesis of its own, one that was under way, or the cache. */
type SpeechSource = "made" | "shared" | "cached";

/** A speech whose first sound is there. */
export interface Utterance {
  readonly source: SpeechSource;
  /** Of the samples; known of a cached speech only. */
  readonly bytes?: number;
  /** Whole samples. @throws {SpeechError} the rest could not be made */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface SpeechServiceOptions {
  readonly provider: SpeechProvider;
  readonly cache: SpeechCache;
  /** How long each chunk is waited for, in ms. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Told of each speech that was asked for, and the time until its first sound, in ms. */
  readonly onSpeech?: ((outcome: SpeechSource | "failed", tookMs: number) => void) | undefined;
}

/** Makes speech of texts: each text once, however many ask for it, now or later. */
export class SpeechService {
  readonly #options: SpeechServiceOptions;
  readonly #running = new Map<string, SharedSpeech>();
  readonly #unknownVoices = new RecentSet<string>(REMEMBERED_VOICES);
  #closing: Promise<void> | undefined;

  constructor(options: SpeechServiceOptions) {
    this.#options = options;
  }

  /** The form of everything that is said. */
  get format(): PcmFormat {
    return this.#options.provider.format;
  }

  /** Somebody may speak soon. */
  prepare(): void {
    this.#options.provider.prepare?.();
  }

  /**
   * Resolves when the first sound is there. The caller reads the chunks to their end, or aborts `signal`:
   * then they end, and the synthesis too if nobody else listens.
   * @throws {SpeechError} and the signal's reason
   */
  async speak(request: SpeechRequest, signal: AbortSignal): Promise<Utterance> {
    const askedAt = performance.now();
    const tell = (outcome: SpeechSource | "failed") =>
      this.#options.onSpeech?.(outcome, performance.now() - askedAt);
    try {
      const speech = await this.#speak(request, signal);
      tell(speech.source);
      return speech;
    } catch (error) {
      signal.throwIfAborted();
      tell("failed");
      throw this.#reported(asSpeechError(error));
    }
  }

  /** A mistake in the program is logged by its place: its words may hold the text. */
  #reported(error: SpeechError): SpeechError {
    if (error.cause instanceof Error) {
      const { name, stack = "" } = error.cause;
      const at = stack.split("\n").filter((line) => /^\s+at /.test(line));
      this.#options.log.error({ name, at }, "speech failed in a way that is not provided for");
    }
    return error;
  }

  /** Gives up what is being made and waits until the cache is written. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = [...this.#running.values()];
    for (const speech of running) {
      speech.giveUp();
    }
    await this.#options.provider.close();
    await Promise.all(running.map((speech) => speech.finished));
    await this.#options.cache.close();
  }

  async #speak(request: SpeechRequest, signal: AbortSignal): Promise<Utterance> {
    const synthesis = this.#resolve(request);
    try {
      return await this.#find(synthesis, signal);
    } catch (error) {
      if (!asSpeechError(error).fault.unknownVoice || !this.#isNews(synthesis.voice)) {
        throw error;
      }
      return await this.#find(this.#resolve(request), signal);
    }
  }

  /** The request in the provider's own terms: a voice or model that it does not have becomes its default. */
  #resolve({ text, voice, model, settings }: SpeechRequest): Synthesis {
    const { provider } = this.#options;
    const hasVoice = (name: string) => provider.hasVoice(name) && !this.#unknownVoices.has(name);
    return {
      text,
      settings,
      voice: this.#known("voice", voice, hasVoice, provider.defaultVoice),
      model: this.#known("model", model, (name) => provider.hasModel(name), provider.defaultModel),
    };
  }

  #known(
    what: "voice" | "model",
    asked: string | undefined,
    has: (name: string) => boolean,
    usual: string,
  ): string {
    if (asked === undefined || asked === usual || has(asked)) {
      return asked ?? usual;
    }
    const { log, provider } = this.#options;
    log.warn(
      { [what]: asked, instead: usual, provider: provider.name },
      `unknown ${what}: the default speaks`,
    );
    return usual;
  }

  #isNews(voice: string): boolean {
    const isNews = voice !== this.#options.provider.defaultVoice && !this.#unknownVoices.has(voice);
    this.#unknownVoices.add(voice);
    return isNews;
  }

  async #find(synthesis: Synthesis, signal: AbortSignal): Promise<Utterance> {
    const { provider, cache } = this.#options;
    const key = speechKey(provider.name, provider.format, synthesis);
    const cached = await cache.get(key);
    signal.throwIfAborted();
    if (cached !== undefined) {
      return { source: "cached", bytes: cached.length, chunks: inPieces(cached, signal) };
    }
    const running = this.#running.get(key);
    const isShared = running?.isOpen === true;
    const shared = isShared ? running : this.#make(key, synthesis);
    const chunks = await begun(shared.read(signal), signal);
    return { source: isShared ? "shared" : "made", chunks };
  }

  #make(key: string, synthesis: Synthesis): SharedSpeech {
    const { provider, timeoutMs } = this.#options;
    if (this.#closing !== undefined) {
      throw new SpeechError("speech_failed", "The server is closing.");
    }
    if (this.#running.size >= MAX_AT_ONCE) {
      throw new SpeechError("speech_busy");
    }
    const abort = new AbortController();
    const attempt = (signal: AbortSignal) => bounded(provider.synthesize(synthesis, signal), timeoutMs);
    const chunks = wholeSamples(retriedOnce(attempt, abort.signal), provider.format);
    const shared = new SharedSpeech(chunks, abort, MAX_SPEECH_BYTES);
    this.#running.set(key, shared);
    void shared.finished.then((whole) => this.#made(key, shared, whole));
    return shared;
  }

  #made(key: string, shared: SharedSpeech, whole: Buffer | undefined): void {
    if (whole !== undefined) {
      this.#options.cache.set(key, whole);
    }
    if (this.#running.get(key) === shared) {
      this.#running.delete(key);
    }
  }
}

/** Waits for the first chunk; the rest follows it. */
async function begun(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  signal.throwIfAborted();
  return resumed(first, iterator, signal);
}

async function* resumed(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true && !signal.aborted; next = await rest.next()) {
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

/** A cached speech as chunks, so that none is a burst. */
async function* inPieces(pcm: Buffer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const pieceBytes = 32_768;
  for (let at = 0; at < pcm.length && !signal.aborted; at += pieceBytes) {
    yield pcm.subarray(at, at + pieceBytes);
  }
}
