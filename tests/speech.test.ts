import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeReference, likeness, type Reference } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectWhole } from "./harness/expect-whole.js";
import { LineUnderTest, type Wearer } from "./harness/LineUnderTest.js";

// Speech through the whole line: `session.audio.speak` of the real SDK, heard in the user's room.

const RATE = 48_000;
const text = "Hello there. Turn left at the next corner, and then go straight on. You are nearly home.";
const long =
  `Once upon a time there was a king. ${"He had a horse, and the horse had a name. ".repeat(8)}`.trim();

/** From the app's stop to the last packet: 40 ms on a machine with time to spare. */
const STOP_MS = 200;

/** Likeness that no other text has, and that a busy machine's gap leaves. */
const ITSELF = 0.6;

/** The WAV that the glasses fetch for a text, by the URL that they were given and nothing else. */
function asGlassesHearIt(audioUrl: string): Promise<Reference> {
  return speechAt(audioUrl);
}

/** Has a text made before it is spoken, so that a busy machine has no part in how it sounds. */
async function made(line: LineUnderTest, wearer: Wearer, said: string): Promise<Reference> {
  const { cloud } = line.stack.parts;
  const authorization = `Bearer ${await cloud.glassesToken(wearer.userId)}`;
  return await speechAt(`${cloud.url}/api/tts?${new URLSearchParams({ text: said })}`, { authorization });
}

async function speechAt(url: string, headers: Record<string, string> = {}): Promise<Reference> {
  const response = await fetch(url, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("audio/wav");
  return await decodeReference(new Uint8Array(await response.arrayBuffer()));
}

async function count(line: LineUnderTest, outcome: string): Promise<number> {
  const metrics = await (await fetch(`${line.stack.parts.cloud.url}/metrics`)).text();
  return Number(
    new RegExp(`^cloud_speeches_total\\{outcome="${outcome}"\\} (\\d+)$`, "m").exec(metrics)?.[1] ?? 0,
  );
}

async function heardOf(wearer: Wearer, sinceMs: number) {
  const heard = await wearer.heard(sinceMs);
  if (heard === undefined) {
    throw new Error("Nothing was heard.");
  }
  return heard;
}

describe("with the provider that needs nothing", () => {
  let line: LineUnderTest;
  beforeAll(async () => {
    line = await LineUnderTest.start();
  });
  afterEach(() => line.closeVisits());
  afterAll(() => line.close());

  test("SPK-30 SPK-20 the room hears the whole speech, and the glasses fetch the same", async () => {
    const wearer = await line.wearer();
    const reference = await made(line, wearer, text);
    const { app, end, askedAtMs } = await wearer.speak(text);
    const heard = await heardOf(wearer, askedAtMs);
    const { audioUrl } = await wearer.speechRequest(text);
    expect((await asGlassesHearIt(audioUrl)).samples).toEqual(reference.samples);
    expect(app).toMatchObject({ success: true });
    expect(end).toMatchObject({ state: "completed" });
    expect(Math.abs((end.durationMs ?? 0) - reference.durationMs)).toBeLessThan(20);
    expect(reference.durationMs).toBeGreaterThan(3_000);
    expectWhole(heard, reference);
  });

  test("SPK-30 nothing is fetched for it: the bridge is given samples", async () => {
    const wearer = await line.wearer();
    const { requestId } = await wearer.speak("No file in between.");
    const started = await line.stack.parts.cloud.waitForLog("the play's start", (entry) =>
      entry.requestId === requestId && entry.msg === "play started" ? entry : undefined,
    );
    expect(started).toMatchObject({ codec: "pcm_s16le" });
  });

  test("SPK-10 SPK-14 a text is made once for room and glasses, and not again", async () => {
    const wearer = await line.wearer();
    const before = await count(line, "made");
    const first = await wearer.speak("This is said twice.");
    const again = await wearer.speak("This is said twice.");
    expect([first.end, again.end]).toMatchObject([{ state: "completed" }, { state: "completed" }]);
    expect(await count(line, "made")).toBe(before + 1);
    expect(await count(line, "cached")).toBeGreaterThanOrEqual(2);
    expect(again.end.durationMs).toBe(first.end.durationMs);
  });

  test("SPK-31 it sounds while the rest is still being made", async () => {
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const speaking = wearer.speak(long);
    const first = await wearer.ears.firstPacket(askedAtMs);
    const { requestId } = await wearer.speechRequest(long, askedAtMs);
    expect(first.atMs - askedAtMs).toBeLessThan(3_000);
    expect(await count(line, "failed")).toBe(0);
    await line.stack.app.stop(wearer.userId, 2);
    await speaking;
    expect(await wearer.jobEnd(requestId)).toMatchObject({ state: "cancelled" });
  });

  test("SPK-32 a stop silences it at once", async () => {
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const speaking = wearer.speak(text);
    await wearer.ears.firstPacket(askedAtMs);
    const { audioUrl } = await wearer.speechRequest(text, askedAtMs);
    const stoppedAtMs = Date.now();
    await line.stack.app.stop(wearer.userId, 2);
    const { end } = await speaking;
    const heard = await heardOf(wearer, askedAtMs);
    expect(end).toMatchObject({ state: "cancelled", reason: "user" });
    expect(heard.lastPacketAtMs - stoppedAtMs).toBeLessThan(STOP_MS);
    const reference = await asGlassesHearIt(audioUrl);
    expect(heard.soundMs).toBeLessThan(reference.durationMs / 2);
    const uncut = ((heard.leadInMs + heard.soundMs - 60) * RATE) / 1000;
    if (uncut > RATE / 5) {
      expect(likeness(heard.samples, reference.samples.subarray(0, uncut)).overall).toBeGreaterThan(ITSELF);
    }
  });

  test("SPK-34 a speech that replaces the one before is heard itself, whole", async () => {
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const first = wearer.speak(long);
    await wearer.ears.firstPacket(askedAtMs);
    const second = await wearer.speak("Stop, turn right.");
    expect((await first).end).toMatchObject({ state: "cancelled", reason: "replaced" });
    expect(second.end).toMatchObject({ state: "completed" });
    const reference = await asGlassesHearIt((await wearer.speechRequest("Stop, turn right.")).audioUrl);
    const heard = await heardOf(wearer, second.askedAtMs);
    expect(likeness(heard.samples, reference.samples).overall).toBeGreaterThan(ITSELF);
  });

  test("SPK-34 two that do not replace each other are both heard to their ends", async () => {
    const wearer = await line.wearer();
    const together = { stopOtherAudio: false };
    const [one, two] = await Promise.all([
      wearer.speak(text, together),
      wearer.speak("And this too.", together),
    ]);
    expect([one.end, two.end]).toMatchObject([{ state: "completed" }, { state: "completed" }]);
    const lengths = await Promise.all(
      [text, "And this too."].map(async (said) => {
        const { audioUrl } = await wearer.speechRequest(said);
        return (await asGlassesHearIt(audioUrl)).durationMs;
      }),
    );
    expect(one.end.durationMs).toBeCloseTo(lengths[0] ?? 0, -2);
    expect(two.end.durationMs).toBeCloseTo(lengths[1] ?? 0, -2);
  });

  test("SPK-7 an unknown voice speaks with the default one, and the log says so", async () => {
    const wearer = await line.wearer();
    const { end } = await wearer.speak("Who is speaking?", { voice_id: "21m00Tcm4TlvDq8ikWAM" });
    expect(end).toMatchObject({ state: "completed" });
    await line.stack.parts.cloud.waitForLog("the warning", (entry) =>
      entry.msg === "unknown voice: the default speaks" ? entry : undefined,
    );
  });

  test("SPK-33 a text that cannot be spoken ends with its reason, without a sound", async () => {
    const wearer = await line.wearer();
    const { end, askedAtMs } = await wearer.speak("x".repeat(2_001));
    expect(end).toMatchObject({ state: "error", error: "speech_invalid" });
    expect(await wearer.heard(askedAtMs)).toBeUndefined();
  });
});

describe("where the room is the playback", () => {
  let line: LineUnderTest;
  beforeAll(async () => {
    line = await LineUnderTest.start({ SERVER_PLAYBACK_MODE: "primary" });
  });
  afterEach(() => line.closeVisits());
  afterAll(() => line.close());

  /** Asks the app to speak; there is no request to the glasses to know it by. */
  async function speakInRoom(wearer: Wearer, said: string) {
    const askedAtMs = Date.now();
    const app = await line.stack.app.speak(wearer.userId, said);
    return { app, heard: await wearer.heard(askedAtMs) };
  }
  const asked = (wearer: Wearer) =>
    wearer.glasses.received.filter(({ type }) => type === "audio_play_request");

  test("SPK-30 only the room speaks, and the app is told what was heard", async () => {
    const wearer = await line.wearer();
    const reference = await made(line, wearer, "Only here.");
    const { app, heard } = await speakInRoom(wearer, "Only here.");
    expect(app).toMatchObject({ success: true });
    expect(Math.abs((app.duration ?? 0) * 1_000 - reference.durationMs)).toBeLessThan(20);
    expect(heard?.soundMs).toBeGreaterThan(reference.durationMs / 2);
    expect(asked(wearer)).toEqual([]);
  });

  test("SPK-33 a text that cannot be spoken is answered with its reason", async () => {
    const wearer = await line.wearer();
    const { app, heard } = await speakInRoom(wearer, "x".repeat(2_001));
    expect(app).toMatchObject({ success: false, error: expect.stringMatching(/^speech_invalid: /) });
    expect(heard).toBeUndefined();
    expect(asked(wearer)).toEqual([]);
  });
});

describe("with a provider on the network that fails", () => {
  const server = createServer();
  let answer: (response: ServerResponse) => void = () => {};
  let line: LineUnderTest;

  beforeAll(async () => {
    server.on("request", (request, response) => {
      request.resume();
      answer(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    line = await LineUnderTest.start({
      TTS_PROVIDER: "openai",
      OPENAI_API_KEY: "not-a-key",
      TTS_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
  });
  afterEach(() => line.closeVisits());
  afterAll(async () => {
    await line.close();
    server.closeAllConnections();
    server.close();
  });

  /** A tone of so many ms at 24 kHz, s16le. */
  function tone(ms: number): Buffer {
    const samples = Int16Array.from(
      { length: 24 * ms },
      (_, i) => 8_000 * Math.sin((2 * Math.PI * 440 * i) / 24_000),
    );
    return Buffer.from(samples.buffer);
  }

  test("SPK-33 before any sound, the play ends with a reason and no sound", async () => {
    answer = (response) => response.writeHead(500).end();
    const wearer = await line.wearer();
    const { end, askedAtMs, app } = await wearer.speak("Nobody will hear this.");
    expect(end).toMatchObject({ state: "error", error: "speech_failed" });
    expect(app.success).toBe(false);
    expect(await wearer.heard(askedAtMs)).toBeUndefined();
  });

  test("SPK-33 after a sound, what there was is heard, and the play ends with the reason", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-type": "audio/pcm" });
      response.write(tone(800), () => setTimeout(() => response.destroy(), 100));
    };
    const wearer = await line.wearer();
    const { end, askedAtMs } = await wearer.speak("This breaks off.");
    expect(end).toMatchObject({ state: "error", error: "speech_failed" });
    const heard = await heardOf(wearer, askedAtMs);
    expect(Math.abs(heard.soundMs - (end.durationMs ?? 0))).toBeLessThan(60);
    expect(heard.soundMs).toBeGreaterThan(600);
  });

  test("SPK-31 the first sound is heard while the provider still makes the rest", async () => {
    let finish = () => {};
    answer = (response) => {
      response.writeHead(200, { "content-type": "audio/pcm" });
      response.write(tone(1_000));
      finish = () => response.end(tone(500));
    };
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const speaking = wearer.speak("This comes slowly.");
    await wearer.ears.firstPacket(askedAtMs);
    finish();
    expect((await speaking).end).toMatchObject({ state: "completed", durationMs: 1_500 });
  });

  test("SPK-32 a stop hangs up on the provider, and what was made is not kept", async () => {
    let asked = 0;
    const hungUp = deferred();
    answer = (response) => {
      asked++;
      response.writeHead(200, { "content-type": "audio/pcm" });
      response.write(tone(2_000));
      response.once("close", () => hungUp.resolve());
    };
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const speaking = wearer.speak("Stop me.");
    await wearer.ears.firstPacket(askedAtMs);
    await line.stack.app.stop(wearer.userId, 2);
    await hungUp.promise;
    expect((await speaking).end).toMatchObject({ state: "cancelled" });
    answer = (response) => {
      asked++;
      response.writeHead(200, { "content-type": "audio/pcm" }).end(tone(300));
    };
    expect((await wearer.speak("Stop me.")).end).toMatchObject({ state: "completed", durationMs: 300 });
    expect(asked).toBe(2);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
