import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, describe, expect, it } from "vitest";
import { sentences } from "../../src/speech/flite/sentences.js";
import { FliteProvider } from "../../src/speech/providers/flite.js";
import type { VoiceSettings } from "../../src/speech/speech-request.js";

const never = new AbortController().signal;
const provider = new FliteProvider(2);

afterAll(() => provider.close());

async function speak(text: string, voice = "slt", settings: VoiceSettings = {}): Promise<Int16Array[]> {
  const sentencesHeard: Int16Array[] = [];
  for await (const pcm of provider.synthesize({ text, voice, model: "", settings }, never)) {
    sentencesHeard.push(new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length / 2));
  }
  return sentencesHeard;
}

async function timeToSound(provider: FliteProvider): Promise<number> {
  const askedAt = performance.now();
  const asked = { text: "Hello there.", voice: "slt", model: "", settings: {} };
  for await (const _ of provider.synthesize(asked, never)) {
    break;
  }
  return performance.now() - askedAt;
}

const seconds = (pcm: readonly Int16Array[]) => pcm.reduce((sum, { length }) => sum + length, 0) / 16_000;
const peak = (pcm: Int16Array) => pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

describe("SPK-1 flite", () => {
  it("SPK-1 speaks sentence by sentence, each at once from its first word", async () => {
    const pcm = await speak("Hello there. This is the second sentence. And a third!");
    expect(pcm).toHaveLength(3);
    for (const sentence of pcm) {
      expect(sentence.length).toBeGreaterThan(0.4 * 16_000);
      expect(peak(sentence)).toBeGreaterThan(5_000);
      expect(peak(sentence.subarray(0, 1_600))).toBeGreaterThan(500);
    }
  });

  it("SPK-1 says the same text the same way, and another text or voice otherwise", async () => {
    const [one, same, other, voice] = await Promise.all([
      speak("Turn left."),
      speak("Turn left."),
      speak("Turn right."),
      speak("Turn left.", "rms"),
    ]);
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(voice).not.toEqual(one);
  });

  it("SPK-1 speaks at the speed that is asked for", async () => {
    const text = "The quick brown fox jumps over the lazy dog.";
    const [usual, fast] = await Promise.all([speak(text), speak(text, "slt", { speed: 2 })]);
    expect(seconds(usual) / seconds(fast)).toBeGreaterThan(1.6);
  });

  it.each([
    "-h --help -voice nobody",
    "/etc/passwd",
    "a\0b c",
    "<speak>5 < 6 & 7</speak>",
    "Grüße, 你好, мир 7",
  ])("SPK-1 takes %j as words to say", async (text) => {
    expect(seconds(await speak(text))).toBeGreaterThan(0.2);
  });

  it("SPK-1 ends what it is given up on before the next sentence", async () => {
    const abort = new AbortController();
    const chunks = provider.synthesize(
      { text: "One. Two. Three.", voice: "slt", model: "", settings: {} },
      abort.signal,
    );
    const heard: number[] = [];
    const reading = (async () => {
      for await (const { length } of chunks) {
        heard.push(length);
        abort.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    expect(heard).toHaveLength(1);
  });
});

describe("SPK-2 threads", () => {
  it("SPK-2 the event loop stays free while flite speaks", async () => {
    await speak("Warm."); // the module is compiled and a thread runs
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const pcm = await Promise.all(
      Array.from({ length: 4 }, (_, i) => speak(`Number ${i}: the quick brown fox jumps over the lazy dog.`)),
    );
    delay.disable();
    expect(pcm.flat()).not.toHaveLength(0);
    expect(delay.percentile(50) / 1e6).toBeLessThan(50);
  });

  it("SPK-2 a thread that was made ready has the first text sooner", async () => {
    const [cold, ready] = [new FliteProvider(1), new FliteProvider(1)];
    ready.prepare();
    await timeToSound(ready); // behind the warm-up
    ready.prepare(); // is ready already: nothing more is done
    expect(await timeToSound(ready)).toBeLessThan(await timeToSound(cold));
    await Promise.all([cold.close(), ready.close()]);
  });

  it("SPK-2 closing ends the threads; what is asked after it fails", async () => {
    const own = new FliteProvider(1);
    const waiting = (async () => {
      for await (const _ of own.synthesize(
        { text: "One. Two.", voice: "slt", model: "", settings: {} },
        never,
      )) {
        await own.close();
      }
    })();
    await expect(waiting).rejects.toMatchObject({ code: "speech_failed" });
    await own.close();
  });
});

describe("SPK-1 sentences", () => {
  it("SPK-1 are cut where the speaker would breathe", () => {
    expect(sentences("Hi.  How are you?\nFine!")).toEqual(["Hi.", "How are you?", "Fine!"]);
    expect(sentences("... -- !")).toEqual([]);
    const long = "when the rain comes, they run and hide their heads, ".repeat(8);
    const pieces = sentences(long);
    expect(pieces.join(" ")).toBe(long.trim());
    expect(pieces[0]?.length).toBeLessThanOrEqual(90);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(240);
    expect(pieces.slice(0, -1).every((piece) => piece.endsWith(","))).toBe(true);
  });

  it("SPK-1 lose no word when there is no place to breathe", () => {
    const words = "word ".repeat(200).trim();
    expect(sentences(words).join(" ")).toBe(words);
    const one = "x".repeat(1_000);
    expect(sentences(one).join("")).toBe(one);
  });
});
