import { setTimeout as sleep } from "node:timers/promises";
import { asSpeechError, SpeechError } from "./SpeechError.js";
import type { PcmFormat } from "./SpeechProvider.js";

/** A provider that asks for a longer wait than this before the second attempt is not asked again. */
const MAX_RETRY_AFTER_MS = 2_000;
/** The wait before the second attempt where the provider names none, in ms. */
const RETRY_AFTER_MS = 250;

/**
 * Whole samples from a stream whose chunks may end within one. What is left of a sample at the end is
 * dropped.
 */
export async function* wholeSamples(
  chunks: AsyncIterable<Uint8Array>,
  { channels }: Pick<PcmFormat, "channels">,
): AsyncGenerator<Uint8Array> {
  const frame = 2 * channels;
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % frame);
    rest = Uint8Array.from(bytes.subarray(whole));
    if (whole > 0) {
      yield bytes.subarray(0, whole);
    }
  }
}

/**
 * Bounds the wait for each chunk; the time that the reader takes does not count.
 * @throws {SpeechError} `speech_timeout`, or `speech_failed` if nothing came at all
 */
export async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  timeoutMs: number,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let isEmpty = true;
  try {
    for (;;) {
      const { done, value } = await withTimeout(iterator.next(), timeoutMs);
      if (done === true) {
        break;
      }
      isEmpty = false;
      yield value;
    }
  } finally {
    void iterator.return?.().catch(() => {}); // it may hang where its `next` did
  }
  if (isEmpty) {
    throw new SpeechError("speech_failed", "The provider sent no sound.", { retry: true });
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const timer = new AbortController();
  try {
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new SpeechError("speech_timeout", `No sound came for ${timeoutMs} ms.`);
    });
    late.catch(() => {}); // also when `work` is first
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/**
 * Makes a second attempt where the first failed in a way that may pass, before any sound. After a sound
 * there is none: it would be heard twice.
 * @param attempt begins an attempt; its signal ends that one attempt
 */
export async function* retriedOnce(
  attempt: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let hasSound = false;
  try {
    for await (const chunk of guarded(attempt, signal)) {
      hasSound = true;
      yield chunk;
    }
    return;
  } catch (error) {
    const { fault } = asSpeechError(error);
    const waitMs = fault.retryAfterMs ?? RETRY_AFTER_MS;
    if (hasSound || fault.retry !== true || waitMs > MAX_RETRY_AFTER_MS || signal.aborted) {
      throw error;
    }
    await sleep(waitMs, undefined, { signal });
  }
  yield* guarded(attempt, signal);
}

/** An attempt whose own signal is aborted when it ends in whatever way, which frees what it uses. */
async function* guarded(
  attempt: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const own = new AbortController();
  try {
    yield* attempt(AbortSignal.any([signal, own.signal]));
  } finally {
    own.abort();
  }
}
