import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type SampleApp, Stack } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { Stage, type StageOptions, scratch, serveTone } from "./harness/Stage.js";
import { stackEnv } from "./harness/stack-env.js";

const flagsFile = scratch(`flags-${process.pid}.json`);
const packages = ["com.example.radio", "com.example.chess"];

let stack: Stack;
let radio: SampleApp;
let chess: SampleApp;
let stages: Stage[] = [];

/** Written beside and moved into place, as an operator's tool does. */
function setFlags(flags: object | string): void {
  mkdirSync(path.dirname(flagsFile), { recursive: true });
  writeFileSync(`${flagsFile}.new`, typeof flags === "string" ? flags : JSON.stringify(flags));
  renameSync(`${flagsFile}.new`, flagsFile);
}

/** Changes the flags and waits until the cloud has read them. */
async function changeFlags(flags: object | string, msg = "playback flags read"): Promise<void> {
  const { cloud } = stack.parts;
  const before = cloud.log.filter((line) => line.msg === msg).length;
  setFlags(flags);
  const isNew = () => cloud.log.filter((line) => line.msg === msg).length > before || undefined;
  await cloud.waitForLog(msg, isNew);
}

async function setStage(options: StageOptions = {}): Promise<Stage> {
  const stage = await Stage.set(stack, options);
  stages.push(stage);
  return stage;
}

beforeAll(async () => {
  setFlags({});
  const { url, apiKey, apiSecret } = inject("liveKit");
  const env = stackEnv({
    SERVER_PLAYBACK_MODE: "primary",
    PLAYBACK_FLAGS_FILE: flagsFile,
    LIVEKIT_URL: url,
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
    LISTENER_WAIT_MS: "1500",
    MAX_STREAMS: "6",
  });
  stack = await Stack.start({ ...env, packages });
  [radio, chess] = stack.parts.apps as [SampleApp, SampleApp];
});

afterEach(async () => {
  await Promise.all(stages.map((stage) => stage.close()));
  stages = [];
});

afterAll(() => stack?.close());

describe("PRI-1 a whole sound", () => {
  it("PRI-1 is heard in the room alone, and the app is told what was heard when it was over", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const result = await stage.play(serveTone(stack, 1.5));
    const answeredAt = Date.now();
    const heard = await stage.heard(askedAt);
    expect(result).toMatchObject({ success: true });
    expect(result.duration).toBeCloseTo(1.5, 1);
    expect(Math.abs((heard?.soundMs ?? 0) - 1_500)).toBeLessThan(40);
    expect(answeredAt).toBeGreaterThan((heard?.lastPacketAtMs ?? 0) - 40);
    expect(stage.askedOfGlasses).toEqual([]);
  });

  it("PRI-2 that fails is told with its code and a sentence, and nothing falls back", async () => {
    const stage = await setStage();
    const result = await stage.play(`${stack.parts.samples.url("nothing.mp3")}`);
    expect(result).toMatchObject({ success: false, error: expect.stringMatching(/^http_status: .*\.$/) });
    expect(stage.askedOfGlasses).toEqual([]);
  });
});

describe("PRI-14 speech", () => {
  it("PRI-14 goes into the room without the glasses, and the app is told how much was heard", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const result = await radio.speak(stage.userId, "The kettle has boiled.");
    expect(result).toMatchObject({ success: true });
    const heardMs = await stage.heardMs(askedAt);
    expect(heardMs).toBeGreaterThan(500);
    expect((result.duration ?? 0) * 1000).toBeGreaterThan(heardMs - 40);
    expect(stage.askedOfGlasses).toEqual([]);
  });

  it("PRI-14 is silent soon after a stop, and the app is told", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const spoken = radio.speak(
      stage.userId,
      "This is a long sentence that nobody will hear to its end, word by word.",
    );
    await stage.heardFor(400, askedAt);
    await radio.stop(stage.userId, 2);
    expect(await spoken).toMatchObject({ success: false, error: expect.stringMatching(/^cancelled: /) });
    expect(await stage.heardMs(askedAt)).toBeLessThan(2_500);
  });
});

describe("PRI-3 a stop", () => {
  it("PRI-3 tells the app that it was interrupted, and how much was heard", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 10), { trackId: 1 });
    await stage.heardFor(600, askedAt);
    await radio.stop(stage.userId, 2); // another layer: no effect
    await stage.heardFor(1_000, askedAt);
    await radio.stop(stage.userId, 1);
    const result = await played;
    const heard = await stage.heard(askedAt);
    expect(result).toMatchObject({ success: false, error: expect.stringMatching(/^cancelled: /) });
    expect(Math.abs((result.duration ?? 0) * 1000 - (heard?.soundMs ?? 0))).toBeLessThan(80);
    expect(heard?.soundMs).toBeGreaterThan(900);
    expect(heard?.soundMs).toBeLessThan(4_000);
  });

  it("PRI-4 of one app leaves the other app's sound; a play that stops others ends it", async () => {
    const stage = await setStage({ apps: [radio, chess] });
    const askedAt = Date.now();
    const first = stage.play(serveTone(stack, 20), {}, radio);
    await stage.heardFor(300, askedAt);
    await chess.stop(stage.userId);
    // `false` mixes; the SDK resolves it at once, so its end is read from the cloud's log
    await stage.play(serveTone(stack, 20, 880), { stopOtherAudio: false }, chess);
    await stage.heardFor(800, askedAt);
    await chess.stop(stage.userId);
    await stage.heardFor(1_200, askedAt);
    const third = await stage.play(serveTone(stack, 0.5, 660), { stopOtherAudio: true }, chess);
    expect(await first).toMatchObject({ success: false, error: expect.stringMatching(/^cancelled: /) });
    expect((await first).duration).toBeGreaterThan(1);
    expect(third).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toEqual([]);
  });

  it("PRI-3 before the first sample is told as interrupted, and nothing is heard", async () => {
    const stage = await setStage();
    const url = stack.parts.samples.serve("never.wav", () => {});
    const askedAt = Date.now();
    const played = stage.play(url);
    await stack.parts.cloud.waitForLog("the play", (line) => line.msg === "room_joined" || undefined);
    await radio.stop(stage.userId);
    expect(await played).toMatchObject({
      success: false,
      duration: 0,
      error: expect.stringMatching(/^cancelled/),
    });
    expect(await stage.heardMs(askedAt)).toBe(0);
  });
});

describe("PRI-5 a room without ears", () => {
  it("PRI-5 falls back to the glasses once, after the wait, and nothing sounds in the room", async () => {
    const stage = await setStage({ listens: false });
    const askedAt = Date.now();
    const result = await stage.play(serveTone(stack, 0.4));
    expect(result).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toHaveLength(1);
    expect(Date.now() - askedAt).toBeGreaterThan(1_300);
    expect((await stack.parts.cloud.metrics()).get("server_playback_started_total")).toBeGreaterThan(0);
  });

  it("PRI-5 that come within the wait hear the sound from its first sample", async () => {
    const stage = await setStage({ listens: false });
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 0.8));
    await stack.parts.cloud.waitForLog("the request", ({ msg, user }) =>
      msg === "play requested" && user === stage.userId ? true : undefined,
    );
    await stage.listen();
    expect(await played).toMatchObject({ success: true });
    expect(Math.abs((await stage.heardMs(askedAt)) - 800)).toBeLessThan(40);
    expect(stage.askedOfGlasses).toEqual([]);
  });
});

describe("PRI-6 a room that cannot play", () => {
  it("PRI-6 at capacity leaves the sound to the glasses", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const crowd = Array.from({ length: 6 }, () =>
      stage.play(serveTone(stack, 30), { stopOtherAudio: false }, radio),
    );
    await Promise.all(crowd);
    await stage.heardFor(200, askedAt);
    const other = await setStage();
    const result = await other.play(serveTone(stack, 0.3));
    expect(result).toMatchObject({ success: true });
    expect(other.askedOfGlasses).toHaveLength(1);
    await radio.stop(stage.userId);
    await stage.heard(askedAt);
  });

  it("PRI-6 for a format that it does not know, the glasses may: they are asked once", async () => {
    const stage = await setStage();
    const url = stack.parts.samples.serve("page.html", Buffer.from("<html>no sound</html>"));
    const result = await stage.play(url);
    expect(stage.askedOfGlasses).toHaveLength(1);
    const report = await stage.glasses.report(stage.askedOfGlasses[0]?.requestId ?? "");
    expect(result).toMatchObject({ success: report.success }); // theirs is the answer
  });
});

describe("PRI-8 the mode", () => {
  it("PRI-8 changes without a restart, by user before app; what plays ends as it began", async () => {
    const stage = await setStage();
    const askedAt = Date.now();
    const began = stage.play(serveTone(stack, 3), { stopOtherAudio: true });
    await stage.heardFor(200, askedAt);
    await changeFlags({
      default: "primary",
      users: { [stage.userId]: "off" },
      apps: { [packages[0] ?? ""]: "primary" },
    });
    expect(await began).toMatchObject({ success: true, duration: expect.closeTo(3, 1) });
    expect(stage.askedOfGlasses).toEqual([]);
    const offAt = Date.now();
    expect(await stage.play(serveTone(stack, 0.3))).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toHaveLength(1);
    expect(await stage.heardMs(offAt)).toBe(0);
    await changeFlags("{ broken", "the playback flags are bad: the last good ones hold");
    expect(await stage.play(serveTone(stack, 0.3))).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toHaveLength(2);
    await changeFlags({ apps: { [packages[0] ?? ""]: "shadow" } });
    const shadowAt = Date.now();
    expect(await stage.play(serveTone(stack, 0.3))).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toHaveLength(3);
    expect(await stage.heardMs(shadowAt)).toBeGreaterThan(200);
    await changeFlags({});
    expect(await stage.play(serveTone(stack, 0.3))).toMatchObject({ success: true });
    expect(stage.askedOfGlasses).toHaveLength(3);
  });
});
