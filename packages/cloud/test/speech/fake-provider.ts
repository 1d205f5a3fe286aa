import type { SpeechProvider, Synthesis } from "../../src/speech/SpeechProvider.js";

/** One synthesis of a {@link ChosenProvider}, which goes on as the test says. */
export class ChosenSynthesis {
  readonly #steps: (Uint8Array | Error | "end")[] = [];
  #wake: () => void = () => {};

  constructor(
    readonly asked: Synthesis,
    readonly signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => this.#wake());
  }

  say(...steps: (Uint8Array | Error | "end")[]): void {
    this.#steps.push(...steps);
    this.#wake();
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.signal.throwIfAborted();
      const step = this.#steps.shift();
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if (step === "end") {
        return;
      } else if (step instanceof Error) {
        throw step;
      } else {
        yield step;
      }
    }
  }
}

/** A provider whose sound comes when a test says so: the order of events is what is tried with it. */
export class ChosenProvider implements SpeechProvider {
  readonly name = "chosen";
  readonly format = { sampleRate: 16_000, channels: 1 };
  readonly defaultVoice = "anna";
  readonly defaultModel = "one";
  readonly syntheses: ChosenSynthesis[] = [];
  /** What each new synthesis says at once. */
  script: (asked: Synthesis) => (Uint8Array | Error | "end")[] = () => [];

  hasVoice(voice: string): boolean {
    return ["anna", "bert", "gone"].includes(voice);
  }

  hasModel(model: string): boolean {
    return model === "two";
  }

  synthesize(asked: Synthesis, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const synthesis = new ChosenSynthesis(asked, signal);
    this.syntheses.push(synthesis);
    synthesis.say(...this.script(asked));
    return synthesis.chunks();
  }

  async close(): Promise<void> {}
}

/** So many samples of one value, s16le mono. */
export function samples(value: number, count = 1_600): Buffer {
  return Buffer.from(new Int16Array(count).fill(value).buffer);
}
