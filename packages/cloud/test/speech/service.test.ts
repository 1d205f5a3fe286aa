import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { SpeechCache } from "../../src/speech/cache/SpeechCache.js";
import { SpeechError } from "../../src/speech/SpeechError.js";
import { SpeechService, type Utterance } from "../../src/speech/SpeechService.js";
import type { SpeechRequest } from "../../src/speech/speech-request.js";
import { type LogLine, loggerInto } from "../fixtures.js";
import { ChosenProvider, samples } from "./fake-provider.js";

const never = new AbortController().signal;
const hello: SpeechRequest = { text: "Hello.", settings: {} };

let provider: ChosenProvider;
let log: LogLine[];
let service: SpeechService;

beforeEach(() => {
  provider = new ChosenProvider();
  log = [];
  service = newService();
});

function newService(timeoutMs = 5_000): SpeechService {
  const cache = new SpeechCache({ memoryBytes: 1e6, diskBytes: 0 }, loggerInto(log));
  return new SpeechService({ provider, cache, timeoutMs, log: loggerInto(log) });
}

async function whole(speech: Utterance | Promise<Utterance>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await speech).chunks) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await setImmediate();
  }
}

const busy = () => new SpeechError("speech_busy", "busy", { retry: true, retryAfterMs: 1 });

describe("SPK-14 one synthesis for all who ask at once", () => {
  it("SPK-14 both hear all of it, the later one from its beginning", async () => {
    const first = service.speak(hello, never);
    await settle();
    provider.syntheses[0]?.say(samples(1));
    const early = await first;
    const late = await service.speak(hello, never);
    provider.syntheses[0]?.say(samples(2), "end");
    expect([early.source, late.source]).toEqual(["made", "shared"]);
    const heard = await Promise.all([whole(early), whole(late)]);
    expect(heard[0]).toEqual(Buffer.concat([samples(1), samples(2)]));
    expect(heard[1]).toEqual(heard[0]);
    expect(provider.syntheses).toHaveLength(1);
  });

  it("SPK-14 one who leaves does not end it for the other; when both have left it is given up", async () => {
    provider.script = () => [samples(1)];
    const [one, two] = [new AbortController(), new AbortController()];
    const [first, second] = await Promise.all([
      service.speak(hello, one.signal),
      service.speak(hello, two.signal),
    ]);
    one.abort();
    expect(await whole(first)).toHaveLength(0);
    expect(provider.syntheses[0]?.signal.aborted).toBe(false);
    two.abort();
    expect(provider.syntheses[0]?.signal.aborted).toBe(true);
    expect(await whole(second)).toHaveLength(0);
    const again = await service.speak(hello, never);
    expect(again.source).toBe("made");
    await service.close();
  });

  it("SPK-14 one who leaves before the first sound gets the signal's reason", async () => {
    const leave = new AbortController();
    const speech = service.speak(hello, leave.signal);
    await settle();
    leave.abort(new Error("barge-in"));
    await expect(speech).rejects.toThrow("barge-in");
    expect(provider.syntheses[0]?.signal.aborted).toBe(true);
  });

  it("SPK-14 a reader that stops in the middle without a word leaves as well", async () => {
    provider.script = () => [samples(1), samples(2)];
    const speech = await service.speak(hello, never);
    for await (const _ of speech.chunks) {
      break;
    }
    expect(provider.syntheses[0]?.signal.aborted).toBe(true);
  });
});

describe("SPK-4 the second attempt", () => {
  it("SPK-4 follows a failure that may pass, before any sound", async () => {
    provider.script = () => (provider.syntheses.length === 1 ? [busy()] : [samples(7), "end"]);
    expect(await whole(service.speak(hello, never))).toEqual(samples(7));
    expect(provider.syntheses).toHaveLength(2);
    expect(provider.syntheses[0]?.signal.aborted).toBe(true);
  });

  it("SPK-4 is the last", async () => {
    provider.script = () => [busy()];
    await expect(service.speak(hello, never)).rejects.toMatchObject({ code: "speech_busy" });
    expect(provider.syntheses).toHaveLength(2);
  });

  it.each([
    ["after a sound", () => [samples(1), busy()]],
    ["for what would fail again", () => [new SpeechError("speech_failed")]],
    [
      "when the provider asks for a long wait",
      () => [new SpeechError("speech_busy", "", { retry: true, retryAfterMs: 60_000 })],
    ],
  ])("SPK-4 is not made %s", async (_, script) => {
    provider.script = script;
    await expect(whole(service.speak(hello, never))).rejects.toBeInstanceOf(SpeechError);
    expect(provider.syntheses).toHaveLength(1);
  });
});

describe("SPK-5 a provider that sends nothing", () => {
  it.each([
    ["at all", []],
    ["more", [samples(1)]],
  ])("SPK-5 %s ends the speech as speech_timeout and is given up", async (_, said) => {
    service = newService(40);
    provider.script = () => said;
    await expect(whole(service.speak(hello, never))).rejects.toMatchObject({ code: "speech_timeout" });
    expect(provider.syntheses.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  it("SPK-5 a reader that takes its time is no such provider", async () => {
    service = newService(40);
    provider.script = () => [samples(1), samples(2), "end"];
    const speech = await service.speak(hello, never);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await whole(speech)).toHaveLength(6_400);
  });

  it("SPK-5 one that ends without a sound has failed", async () => {
    provider.script = () => ["end"];
    await expect(service.speak(hello, never)).rejects.toMatchObject({ code: "speech_failed" });
  });
});

describe("SPK-7 voices", () => {
  it("SPK-7 a voice or model that the provider cannot have becomes its default, with a warning", async () => {
    provider.script = () => [samples(1), "end"];
    await whole(service.speak({ ...hello, voice: "zoe", model: "nine" }, never));
    expect(provider.syntheses[0]?.asked).toMatchObject({ voice: "anna", model: "one" });
    expect(log).toContainEqual(expect.objectContaining({ level: 40, voice: "zoe", instead: "anna" }));
    expect(log).toContainEqual(expect.objectContaining({ level: 40, model: "nine", instead: "one" }));
  });

  it("SPK-7 one that the provider turns out not to have is asked for once", async () => {
    const gone = new SpeechError("speech_invalid", "no such voice", { unknownVoice: true });
    provider.script = ({ voice }) => (voice === "gone" ? [gone] : [samples(1), "end"]);
    await whole(service.speak({ ...hello, voice: "gone" }, never));
    await whole(service.speak({ text: "Again.", voice: "gone", settings: {} }, never));
    expect(provider.syntheses.map(({ asked }) => asked.voice)).toEqual(["gone", "anna", "anna"]);
  });

  it("SPK-7 a voice that it has is used", async () => {
    provider.script = () => [samples(1), "end"];
    await whole(service.speak({ ...hello, voice: "bert", model: "two", settings: { speed: 2 } }, never));
    expect(provider.syntheses[0]?.asked).toEqual({
      ...hello,
      voice: "bert",
      model: "two",
      settings: { speed: 2 },
    });
  });
});

describe("SPK-10 kept speech", () => {
  it("SPK-10 is not made again, and says its length", async () => {
    provider.script = () => [samples(1), samples(2), "end"];
    const made = await whole(service.speak(hello, never));
    const again = await service.speak(hello, never);
    expect(again).toMatchObject({ source: "cached", bytes: made.length });
    expect(await whole(again)).toEqual(made);
    expect(provider.syntheses).toHaveLength(1);
  });

  it.each<[string, Partial<SpeechRequest>]>([
    ["text", { text: "Hello!" }],
    ["voice", { voice: "bert" }],
    ["model", { model: "two" }],
    ["settings", { settings: { speed: 2 } }],
  ])("SPK-10 is another with another %s", async (_, other) => {
    provider.script = () => [samples(1), "end"];
    await whole(service.speak(hello, never));
    expect((await service.speak({ ...hello, ...other }, never)).source).toBe("made");
  });
});

describe("SPK-11 what is not kept", () => {
  it("SPK-11 speech that failed in the middle", async () => {
    provider.script = () =>
      provider.syntheses.length === 1 ? [samples(1), new Error("cut")] : [samples(1), "end"];
    await expect(whole(service.speak(hello, never))).rejects.toMatchObject({ code: "speech_failed" });
    expect((await service.speak(hello, never)).source).toBe("made");
  });

  it("SPK-11 speech that everybody left", async () => {
    provider.script = () => [samples(1)];
    const leave = new AbortController();
    await service.speak(hello, leave.signal);
    leave.abort();
    provider.syntheses[0]?.say("end");
    await settle();
    expect((await service.speak(hello, never)).source).toBe("made");
  });
});

describe("SPK-3 samples", () => {
  it("SPK-3 are whole, however the chunks are cut", async () => {
    const all = samples(0x1234, 100);
    provider.script = () => [
      all.subarray(0, 1),
      all.subarray(1, 2),
      all.subarray(2, 7),
      all.subarray(7, 199),
      "end",
    ];
    const speech = await service.speak(hello, never);
    const chunks: number[] = [];
    for await (const chunk of speech.chunks) {
      chunks.push(chunk.length);
    }
    expect(chunks.every((bytes) => bytes % 2 === 0)).toBe(true);
    expect(chunks.reduce((sum, bytes) => sum + bytes, 0)).toBe(198); // half a sample is none
  });
});

describe("SPK-6 bounds", () => {
  it("SPK-6 more texts at once than can be made are refused as speech_busy", async () => {
    provider.script = () => [samples(1)];
    for (let i = 0; i < 32; i++) {
      await service.speak({ ...hello, text: `Text ${i}` }, new AbortController().signal);
    }
    await expect(service.speak({ ...hello, text: "one more" }, never)).rejects.toMatchObject({
      code: "speech_busy",
    });
    await service.close();
  });

  it("SPK-6 a speech without end is ended", async () => {
    const megabyte = samples(1, 524_288);
    provider.script = () => Array.from({ length: 40 }, () => megabyte);
    await expect(whole(service.speak(hello, never))).rejects.toMatchObject({ code: "speech_failed" });
    expect(provider.syntheses[0]?.signal.aborted).toBe(true);
  });

  it("SPK-6 closing ends what is being made, and nothing begins after it", async () => {
    provider.script = () => [samples(1)];
    const speech = await service.speak(hello, never);
    await service.close();
    await expect(whole(speech)).rejects.toMatchObject({ code: "speech_failed" });
    await expect(service.speak({ ...hello, text: "late" }, never)).rejects.toMatchObject({
      code: "speech_failed",
    });
  });
});
