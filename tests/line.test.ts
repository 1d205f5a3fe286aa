import {
  choosePort,
  inRepository,
  type Reference,
  readReference,
  type SampleServer,
  slowly,
  tune,
  writeWav,
} from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectWhole } from "./harness/expect-whole.js";
import { LineUnderTest } from "./harness/LineUnderTest.js";
import { expectNoSecrets } from "./harness/no-secrets.js";

// The whole line: the real SDK, the cloud and the bridge as processes, a real LiveKit server, and a
// listener in the user's room.

const packages = ["com.example.first", "com.example.second"];
let line: LineUnderTest;
let samples: SampleServer;
let short: { url: string; reference: Reference };

beforeAll(async () => {
  line = await LineUnderTest.start({ BRIDGE_COOLDOWN_MS: "600000" }, packages);
  samples = line.stack.parts.samples;
  short = {
    url: samples.url("chime.wav"),
    reference: await readReference(inRepository("samples", "chime.wav")),
  };
});
afterEach(() => line.closeVisits());
afterAll(() => line.close());

async function metric(name: string): Promise<number> {
  return (await line.stack.parts.cloud.metrics()).get(name) ?? Number.NaN;
}

describe("an app's sound", () => {
  test("CL-3 CL-10 is heard in the room as it is, and the glasses' answer comes back to the app", async () => {
    const wearer = await line.wearer();
    const { app, end, askedAtMs } = await wearer.play({ audioUrl: short.url });
    expect(app).toMatchObject({ success: true });
    expect(app.duration).toBeCloseTo(short.reference.durationMs / 1000, 0);
    expect(end).toMatchObject({ state: "completed" });
    expect(Math.abs((end.durationMs ?? 0) - short.reference.durationMs)).toBeLessThan(1);
    const heard = await wearer.heard(askedAtMs);
    if (heard === undefined) {
      throw new Error("Nothing was heard.");
    }
    expectWhole(heard, short.reference);
  });

  test("CL-25 CL-26 is counted, and both its durations are logged", async () => {
    const wearer = await line.wearer();
    const names = ["started_total", "completed_total", "duration_ms_count", "first_frame_latency_ms_count"];
    const read = () => Promise.all(names.map((name) => metric(`server_playback_${name}`)));
    const before = await read();
    const { requestId } = await wearer.play({ audioUrl: short.url });
    expect(await read()).toEqual(before.map((count) => count + 1));
    const both = await line.stack.parts.cloud.waitForLog("both durations", (entry) =>
      entry.requestId === requestId && "shadow_duration_ms" in entry ? entry : undefined,
    );
    const near = expect.closeTo(short.reference.durationMs, -2); // within 50 ms
    expect(both).toMatchObject({ shadow_duration_ms: near, device_duration_ms: near });
  });

  test("CL-24 goes on when another app stops its own", async () => {
    const wearer = await line.wearer();
    const [first, second] = line.stack.parts.apps;
    const long = { audioUrl: samples.url("tune-5s.mp3"), stopOtherAudio: false };
    const playing = wearer.play(long, first);
    await wearer.ears.firstPacket(Date.now());
    await second?.stop(wearer.userId);
    expect((await playing).end).toMatchObject({ state: "completed" });
  });

  test("CL-24 ends in the room when its app stops it, and the app is told by the glasses", async () => {
    const wearer = await line.wearer();
    const askedAtMs = Date.now();
    const playing = wearer.play({ audioUrl: samples.url("tune-10s.mp3") });
    await wearer.ears.firstPacket(askedAtMs);
    await line.stack.app.stop(wearer.userId);
    const { app, end } = await playing;
    expect(app.success).toBe(true); // as the phone reports an interrupted play
    expect(end).toMatchObject({ state: "cancelled", reason: "user" });
    const heard = await wearer.heard(askedAtMs);
    expect(Math.abs((heard?.soundMs ?? 0) - (end.durationMs ?? 0))).toBeLessThan(60);
  });

  test("CL-24 a stop with nothing to stop is no error, and the next sound plays", async () => {
    const wearer = await line.wearer();
    await line.stack.app.stop(wearer.userId);
    await line.stack.app.stop(wearer.userId, 2);
    expect((await wearer.play({ audioUrl: short.url })).end).toMatchObject({ state: "completed" });
  });

  test("CL-27 is heard by its user and by nobody else", async () => {
    const [one, other] = [await line.wearer(), await line.wearer()];
    const { askedAtMs } = await one.play({ audioUrl: short.url });
    expect(await one.heard(askedAtMs)).toBeDefined();
    expect(await other.heard(askedAtMs)).toBeUndefined();
  });
});

describe("BAD-3 what cannot be played", () => {
  const html = "<!doctype html><title>Not here</title>";
  const body = (status: number, type: string, data: string | Uint8Array) =>
    samples.serve(`bad-${status}-${data.length}`, (_, response) => {
      response.writeHead(status, { "content-type": type }).end(data);
    });
  const cases: [string, () => string | Promise<string>, string][] = [
    ["404", () => samples.url("missing.mp3"), "http_status"],
    ["a server's failure", () => body(500, "text/plain", "no"), "http_status"],
    [
      "a connection refused",
      async () => `http://127.0.0.1:${await choosePort("APP_PORT", {}, false)}/a.mp3`,
      "fetch_failed",
    ],
    ["HTML instead of audio", () => body(200, "audio/mpeg", html), "unsupported_format"],
    ["an empty file", () => body(200, "audio/wav", ""), "unsupported_format"],
    ["BAD-4 a file of another scheme", () => "file:///etc/passwd", "blocked_address"],
    ["BAD-4 ftp", () => "ftp://127.0.0.1/a.mp3", "blocked_address"],
    ["BAD-4 a data URL", () => "data:audio/wav;base64,UklGRg==", "blocked_address"],
  ];

  test.each(cases)(
    "%s: one end with its code, and the app hears from the glasses",
    async (_, serve, error) => {
      const wearer = await line.wearer();
      const audioUrl = await serve();
      const { app, end, requestId, askedAtMs } = await wearer.play({ audioUrl });
      expect(app.success).toBe((await wearer.glasses.report(requestId)).success);
      expect(end).toMatchObject({ state: "error", error });
      const ends = line.stack.parts.cloud.log.filter(
        (entry) => entry.requestId === requestId && entry.msg === "play ended",
      );
      expect(ends).toHaveLength(1);
      expect(await wearer.heard(askedAtMs)).toBeUndefined();
    },
  );

  test("a truncated file: what came of it is heard, and the end says that it broke off", async () => {
    const wearer = await line.wearer();
    const data = writeWav(tune(3, 2, 48_000));
    const audioUrl = samples.serve("truncated.wav", (_, response) => {
      response.writeHead(200, { "content-length": data.length });
      response.write(data.subarray(0, data.length / 2), () => response.destroy());
    });
    const { end, askedAtMs } = await wearer.play({ audioUrl });
    expect(end).toMatchObject({ state: "error", error: "fetch_failed" });
    const heard = await wearer.heard(askedAtMs);
    expect(Math.abs((heard?.soundMs ?? 0) - (end.durationMs ?? 0))).toBeLessThan(60);
  });

  test("BAD-1 a message that is no message disturbs nobody", async () => {
    const [wearer, other] = [await line.wearer(), await line.wearer()];
    const playing = wearer.play({ audioUrl: short.url });
    for (const text of [
      "no json",
      '{"type":"nothing"}',
      '{"type":"audio_play_response"}',
      `"${"x".repeat(70_000)}"`,
    ]) {
      other.glasses.send(text);
    }
    const answers = () => other.glasses.received.filter(({ type }) => type === "websocket_error");
    await other.glasses.until("four answers", () => answers().length === 4 || undefined);
    expect((await playing).end).toMatchObject({ state: "completed" });
    expect((await other.play({ audioUrl: short.url })).end).toMatchObject({ state: "completed" });
  });
});

describe("CL-11 the glasses' playback", () => {
  test("is what it was while the bridge is killed in the middle of a sound, and after", async () => {
    const own = await LineUnderTest.start({ BRIDGE_COOLDOWN_MS: "600000" });
    try {
      const wearer = await own.wearer();
      const audioUrl = own.stack.parts.samples.url("tune-5s.mp3");
      const playing = wearer.play({ audioUrl });
      await wearer.ears.firstPacket(Date.now());
      await own.stack.parts.bridges[0]?.kill();
      const { app, end } = await playing;
      expect(app).toMatchObject({ success: true });
      expect(end).toMatchObject({ state: "error", error: "bridge_unavailable" });
      const answer = await own.stack.app.play(wearer.userId, {
        audioUrl: own.stack.parts.samples.url("chime.wav"),
      });
      expect(answer).toMatchObject({ success: true });
      const rests = own.stack.parts.cloud.log.filter(({ msg }) => msg === "no bridge: server playback rests");
      expect(rests).toHaveLength(1);
    } finally {
      await own.close();
    }
  });

  test("does not wait for a slow sound in the room", async () => {
    const wearer = await line.wearer();
    const data = writeWav(tune(4, 1, 48_000));
    let asked = 0;
    // The glasses get the file at once; the bridge, which asks second or first, slowly.
    const audioUrl = samples.serve("slow-for-one.wav", (request, response) => {
      asked++;
      const isBridge = !(request.headers["user-agent"] ?? "").includes("node");
      return isBridge
        ? slowly(data, 48_000)(request, response)
        : void response.writeHead(200, { "content-length": data.length }).end(data);
    });
    const askedAtMs = Date.now();
    const answer = await line.stack.app.play(wearer.userId, { audioUrl });
    expect(answer).toMatchObject({ success: true });
    expect(Date.now() - askedAtMs).toBeLessThan(3_000);
    expect(asked).toBe(2);
    await line.stack.app.stop(wearer.userId);
  });
});

test("BAD-5 nothing that the parts printed holds a token, a key, a secret or a query", async () => {
  const wearer = await line.wearer();
  await wearer.play({ audioUrl: `${short.url}?signature=do-not-print` });
  expectNoSecrets(line.logDir, ["do-not-print", line.stack.parts.liveKit.apiSecret]);
});
