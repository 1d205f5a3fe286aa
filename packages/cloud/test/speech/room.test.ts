import type { BridgeCommand } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SpeechCache } from "../../src/speech/cache/SpeechCache.js";
import { PcmSpeechPlayer } from "../../src/speech/PcmSpeechPlayer.js";
import { SpeechError } from "../../src/speech/SpeechError.js";
import { SpeechService } from "../../src/speech/SpeechService.js";
import { app, loggerInto } from "../fixtures.js";
import { completed, request, SpeakerWorld, started } from "../speaker-world.js";
import { ChosenProvider, samples } from "./fake-provider.js";

// Speech on its way to a bridge that answers when the test says so: the order of things is tried here,
// the sound itself in tests/speech.test.ts.

let provider: ChosenProvider;
let service: SpeechService;
let world: SpeakerWorld;

beforeEach(() => {
  provider = new ChosenProvider();
  const log = loggerInto([]);
  const cache = new SpeechCache({ memoryBytes: 1e7, diskBytes: 0 }, log);
  service = new SpeechService({ provider, cache, timeoutMs: 5_000, log });
  world = new SpeakerWorld(true, undefined, undefined, new PcmSpeechPlayer(service, 200));
});

afterEach(async () => {
  await world.speaker.dispose();
  await service.close();
});

interface Saying {
  stopOther?: boolean;
  track?: number;
}

async function say(
  requestId: string,
  text: string,
  { stopOther = true, track = 2 }: Saying = {},
): Promise<void> {
  const asked = request(requestId, { trackId: track, stopOtherAudio: stopOther });
  const told = world.speaker.start(asked, { source: { kind: "speech", text } });
  await world.settle();
  world.attempts.shift()?.succeed();
  if (stopOther) {
    await told;
  }
  await world.settle();
}

const actions = (commands: readonly BridgeCommand[]) =>
  commands.map((command) => `${command.action} ${"requestId" in command ? command.requestId : ""}`);
const sent = () => Buffer.concat(world.connection.pcm.map(({ pcm }) => pcm));

/** Resolves when so many bytes have gone out. */
async function sending(bytes: number): Promise<void> {
  await vi.waitFor(() => expect(sent().length).toBe(bytes));
}

async function synthesis(index: number) {
  return await vi.waitFor(() => {
    const found = provider.syntheses[index];
    expect(found).toBeDefined();
    return found as NonNullable<typeof found>;
  });
}

describe("SPK-31 a speech on its way", () => {
  it("SPK-31 goes out as it is made, between its two commands", async () => {
    await say("s1", "Hello.");
    expect(world.commands).toMatchObject([
      { action: "start_pcm", requestId: "s1", sampleRate: 16_000, channels: 1, trackId: 2, stopOther: true },
    ]);
    const made = await synthesis(0);
    made.say(samples(1));
    await sending(3_200);
    expect(actions(world.commands)).toEqual(["start_pcm s1"]);
    made.say(samples(2), "end");
    await vi.waitFor(() => expect(actions(world.commands)).toEqual(["start_pcm s1", "end_pcm s1"]));
    expect(sent()).toEqual(Buffer.concat([samples(1), samples(2)]));
    expect(world.connection.pcm.every(({ after }) => after === 1)).toBe(true);
  });

  it("SPK-35 is never far ahead of what is heard, also while it is paused", async () => {
    const ten = samples(1, 160_000);
    provider.script = () => [ten, ten, ten, ten, ten, "end"];
    await say("s1", "A long story.");
    const ahead = (seconds: number) =>
      vi.waitFor(() => expect(sent().length / 32_000).toBeCloseTo(seconds, -0.5));
    await ahead(20);
    await world.settle();
    expect(sent().length / 32_000).toBeLessThan(21.1);
    world.connection.say(started("s1"));
    world.connection.say({ type: "play_progress", requestId: "other", positionMs: 30_000, bufferedMs: 0 });
    await world.settle();
    expect(sent().length / 32_000).toBeLessThan(21.1);
    world.connection.say({ type: "play_progress", requestId: "s1", positionMs: 15_000, bufferedMs: 0 });
    await ahead(35);
    world.connection.say({ type: "play_progress", requestId: "s1", positionMs: 30_000, bufferedMs: 0 });
    await vi.waitFor(() => expect(actions(world.commands).at(-1)).toBe("end_pcm s1"));
    expect(sent()).toHaveLength(5 * 320_000);
  });
});

describe("SPK-32 a stop", () => {
  it("SPK-32 ends the synthesis and the sending at once, before the bridge has answered", async () => {
    await say("s1", "Hello.");
    const made = await synthesis(0);
    made.say(samples(1));
    await sending(3_200);
    await world.speaker.stop({ type: "audio_stop_request", packageName: app, trackId: 2 });
    expect(made.signal.aborted).toBe(true);
    made.say(samples(2), "end");
    await world.settle();
    expect(actions(world.commands)).toEqual(["start_pcm s1", "stop_playback s1"]);
    expect(sent()).toHaveLength(3_200);
    await say("s2", "Hello.");
    expect((await synthesis(1)).asked.text).toBe("Hello.");
  });

  it("SPK-32 of another layer changes nothing", async () => {
    await say("s1", "Hello.");
    await world.speaker.stop({ type: "audio_stop_request", packageName: app, trackId: 0 });
    expect((await synthesis(0)).signal.aborted).toBe(false);
  });
});

describe("SPK-33 a speech that fails", () => {
  it("SPK-33 before any sound ends its job at once", async () => {
    provider.script = () => [new SpeechError("speech_failed", "The voice is gone.")];
    await say("s1", "Hello.");
    await vi.waitFor(() =>
      expect(world.ends("s1")).toMatchObject([{ state: "error", error: "speech_failed" }]),
    );
    expect(actions(world.commands)).toEqual(["start_pcm s1", "stop_playback s1"]);
  });

  it("SPK-33 after a sound ends it when that was heard, with the reason and the time", async () => {
    provider.script = () => [samples(1), new SpeechError("speech_timeout", "No sound came.")];
    await say("s1", "Hello.");
    await vi.waitFor(() => expect(actions(world.commands)).toEqual(["start_pcm s1", "end_pcm s1"]));
    expect(world.ends("s1")).toEqual([]);
    world.connection.say(started("s1"));
    world.connection.say(completed("s1", 100));
    expect(world.ends("s1")).toMatchObject([
      { state: "error", error: "speech_timeout", message: "No sound came.", durationMs: 100 },
    ]);
  });

  it("SPK-33 a text that cannot be spoken is told with the reason", async () => {
    await say("s1", "x".repeat(201));
    await vi.waitFor(() =>
      expect(world.ends("s1")).toMatchObject([
        { state: "error", error: "speech_invalid", message: expect.stringContaining("200") },
      ]),
    );
  });
});

describe("SPK-34 two speeches of one user", () => {
  it("SPK-34 one that replaces the other takes the line at once, and no sample of the other follows", async () => {
    await say("s1", "First.");
    const first = await synthesis(0);
    first.say(samples(1));
    await sending(3_200);
    await say("s2", "Second.");
    expect(first.signal.aborted).toBe(true);
    first.say(samples(9), "end");
    (await synthesis(1)).say(samples(2), "end");
    await vi.waitFor(() =>
      expect(actions(world.commands)).toEqual(["start_pcm s1", "start_pcm s2", "end_pcm s2"]),
    );
    expect(sent()).toEqual(Buffer.concat([samples(1), samples(2)]));
  });

  it("SPK-34 one beside the other waits until that is sent", async () => {
    await say("s1", "First.");
    await say("s2", "Second.", { stopOther: false });
    await say("s3", "Third.", { stopOther: false });
    expect(actions(world.commands)).toEqual(["start_pcm s1"]);
    (await synthesis(0)).say(samples(1), "end");
    (await synthesis(1)).say(samples(2), "end");
    (await synthesis(2)).say(samples(3), "end");
    await vi.waitFor(() =>
      expect(actions(world.commands)).toEqual([
        "start_pcm s1",
        "end_pcm s1",
        "start_pcm s2",
        "end_pcm s2",
        "start_pcm s3",
        "end_pcm s3",
      ]),
    );
    expect(sent()).toEqual(Buffer.concat([samples(1), samples(2), samples(3)]));
    expect(world.commands[2]).toMatchObject({ stopOther: false });
  });

  it("SPK-34 one that waits holds up no other sound, and a stop ends it", async () => {
    await say("s1", "First.");
    await say("s2", "Second.", { stopOther: false });
    await world.start(request("r3", { stopOtherAudio: false }));
    expect(actions(world.commands)).toEqual(["start_pcm s1", "play_url r3"]);
    await world.speaker.stop({ type: "audio_stop_request", packageName: app, trackId: 2 });
    expect(world.ends("s2")).toMatchObject([{ state: "cancelled", reason: "user" }]);
    await world.settle();
    expect(actions(world.commands)).toEqual(["start_pcm s1", "play_url r3", "stop_playback s1"]);
  });

  it("SPK-34 one that waits is replaced like one that sounds", async () => {
    await say("s1", "First.");
    await say("s2", "Second.", { stopOther: false });
    await world.start(request("r3", { stopOtherAudio: true }));
    expect(world.ends("s2")).toMatchObject([{ state: "cancelled", reason: "replaced" }]);
    (await synthesis(0)).say("end");
    await world.settle();
    expect(actions(world.commands)).not.toContain("start_pcm s2");
  });
});

it("SPK-36 goes on with the next bridge where it was, and is made no second time", async () => {
  await say("s1", "Hello.");
  const made = await synthesis(0);
  made.say(samples(1), samples(2));
  await sending(6_400);
  world.connection.say(started("s1"));
  world.connection.say({ type: "play_progress", requestId: "s1", positionMs: 50, bufferedMs: 0 });
  made.say("end"); // whole, and so kept
  await vi.waitFor(() => expect(actions(world.commands).at(-1)).toBe("end_pcm s1"));
  world.connection.lose();
  world.connection.tellOfEnd();
  await world.settle();
  world.attempts.shift()?.succeed();
  await vi.waitFor(() => expect(actions(world.connection.commands)).toEqual(["start_pcm s1", "end_pcm s1"]));
  expect(world.connection.commands[0]).toMatchObject({ stopOther: false });
  expect(sent()).toEqual(Buffer.concat([samples(1), samples(2)]).subarray(1_600)); // 50 ms
  expect(provider.syntheses).toHaveLength(1);
});

it("SPK-36 a connection that breaks while samples go out does not end the play", async () => {
  await say("s1", "Hello.");
  const made = await synthesis(0);
  world.connection.lose();
  made.say(samples(1));
  await world.settle();
  expect(world.ends("s1")).toEqual([]);
  world.connection.tellOfEnd();
  await world.settle();
  world.attempts.shift()?.succeed();
  (await synthesis(1)).say(samples(1), "end");
  await vi.waitFor(() => expect(actions(world.connection.commands)).toEqual(["start_pcm s1", "end_pcm s1"]));
  expect(sent()).toEqual(samples(1));
});

describe("SPK-36 a connection that was cut and is there again", () => {
  async function cutAndResume(): Promise<void> {
    world.connection.lose();
    world.connection.tellOfEnd();
    await world.settle();
    world.attempts.shift()?.succeed(true);
    await world.settle();
  }

  it("SPK-36 carries on with the speech: nothing twice, and its end", async () => {
    world.newSessionId = () => "session-1";
    await say("s1", "Hello.");
    const made = await synthesis(0);
    made.say(samples(1));
    await sending(3_200);
    world.connection.say(started("s1"));
    await cutAndResume();
    made.say(samples(2), "end");
    await vi.waitFor(() => expect(actions(world.connection.commands).at(-1)).toBe("end_pcm s1"));
    expect(sent()).toEqual(samples(2));
    expect(provider.syntheses).toHaveLength(1);
    expect(world.ends("s1")).toEqual([]);
  });

  it("SPK-36 hears of a speech that it may not know yet, before its samples", async () => {
    world.newSessionId = () => "session-1";
    await say("s1", "Hello.");
    const made = await synthesis(0);
    await cutAndResume();
    made.say(samples(1), "end");
    await vi.waitFor(() =>
      expect(actions(world.connection.commands)).toEqual(["start_pcm s1", "end_pcm s1"]),
    );
    expect(sent()).toEqual(samples(1));
  });

  it("SPK-36 still paces it", async () => {
    world.newSessionId = () => "session-1";
    const ten = samples(1, 160_000);
    provider.script = () => [ten, ten, ten, "end"];
    await say("s1", "A long story.");
    await vi.waitFor(() => expect(sent().length / 32_000).toBeGreaterThan(20));
    world.connection.say(started("s1"));
    await cutAndResume();
    world.connection.say({ type: "play_progress", requestId: "s1", positionMs: 15_000, bufferedMs: 0 });
    await vi.waitFor(() => expect(actions(world.connection.commands).at(-1)).toBe("end_pcm s1"));
    expect(
      world.connections.reduce((sum, { pcm }) => sum + pcm.reduce((all, { pcm }) => all + pcm.length, 0), 0),
    ).toBe(960_000);
  });
});

it("SPK-36 a bridge that is full hands it on whole", async () => {
  world = new SpeakerWorld(true, "ws://one/ws,ws://two/ws", undefined, new PcmSpeechPlayer(service, 200));
  await say("s1", "Hello.");
  const made = await synthesis(0);
  made.say(samples(1));
  await sending(3_200);
  world.connection.say({
    type: "play_complete",
    requestId: "s1",
    success: false,
    error: "at_capacity",
    durationMs: 0,
  });
  await world.settle();
  world.attempts.shift()?.succeed();
  (await synthesis(1)).say(samples(1), samples(2), "end");
  await vi.waitFor(() => expect(actions(world.connection.commands)).toEqual(["start_pcm s1", "end_pcm s1"]));
  expect(sent()).toEqual(Buffer.concat([samples(1), samples(2)]));
});
