import { asSpeechError, SpeechError } from "./SpeechError.js";

type State =
  | { readonly is: "running" }
  | { readonly is: "finished" }
  | { readonly is: "failed"; readonly error: SpeechError };

/**
 * One synthesis that any number of readers hear from its beginning, each at its own pace. It is kept in
 * memory as it comes, up to a limit, so that no reader holds up another. When the last reader has left
 * before its end, it is given up.
 */
export class SharedSpeech {
  /** Resolves with the whole when it was made without fault; else with nothing. */
  readonly finished: Promise<Buffer | undefined>;
  readonly #chunks: Uint8Array[] = [];
  readonly #abort: AbortController;
  readonly #maxBytes: number;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #readers = 0;
  #state: State = { is: "running" };

  /** `abort` is the synthesis's own: it is aborted when nobody reads any more. */
  constructor(chunks: AsyncIterable<Uint8Array>, abort: AbortController, maxBytes: number) {
    this.#abort = abort;
    this.#maxBytes = maxBytes;
    this.finished = this.#collect(chunks);
  }

  /** Whether it can still be joined: it has neither failed nor been given up. */
  get isOpen(): boolean {
    return this.#state.is !== "failed" && !this.#abort.signal.aborted;
  }

  /** Ends the synthesis, whoever reads. */
  giveUp(): void {
    this.#abort.abort(new SpeechError("speech_failed", "The server is closing."));
  }

  /**
   * The chunks from the first on. The reader counts from this call until the iteration ends or `signal`
   * aborts, which ends the iteration without an error.
   * @throws {SpeechError} what ended the synthesis
   */
  read(signal: AbortSignal): AsyncIterable<Uint8Array> {
    this.#readers++;
    let hasLeft = false;
    const leave = () => {
      if (!hasLeft) {
        hasLeft = true;
        signal.removeEventListener("abort", leave);
        this.#leave();
      }
    };
    signal.addEventListener("abort", leave);
    if (signal.aborted) {
      leave();
    }
    return this.#read(signal, leave);
  }

  async *#read(signal: AbortSignal, leave: () => void): AsyncGenerator<Uint8Array> {
    try {
      for (let next = 0; ; next++) {
        while (next === this.#chunks.length && this.#state.is === "running" && !signal.aborted) {
          await new Promise<void>((resolve) => this.#waiting.add(resolve));
        }
        const chunk = this.#chunks[next];
        if (signal.aborted || (chunk === undefined && this.#state.is === "finished")) {
          return;
        }
        if (chunk === undefined) {
          throw this.#error();
        }
        yield chunk;
      }
    } finally {
      leave();
    }
  }

  #error(): SpeechError {
    return this.#state.is === "failed" ? this.#state.error : new SpeechError("speech_failed");
  }

  #leave(): void {
    this.#readers--;
    if (this.#readers === 0 && this.#state.is === "running") {
      this.#abort.abort();
    }
    this.#tell();
  }

  async #collect(source: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
    try {
      for await (const chunk of source) {
        this.#add(chunk);
      }
      this.#abort.signal.throwIfAborted();
      this.#state = { is: "finished" };
    } catch (error) {
      this.#state = { is: "failed", error: asSpeechError(error) };
    }
    this.#tell();
    return this.#state.is === "finished" ? Buffer.concat(this.#chunks) : undefined;
  }

  #add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      throw new SpeechError("speech_failed", `The speech is longer than ${this.#maxBytes} bytes.`);
    }
    this.#chunks.push(chunk);
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#waiting) {
      wake();
    }
    this.#waiting.clear();
  }
}
