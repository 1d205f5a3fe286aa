import { setTimeout as sleep } from "node:timers/promises";
import {
  dominantFrequency,
  levelDbfs,
  likeness,
  slowly,
  toneLevelDbfs,
  WaitTimeoutError,
} from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BridgeRig } from "./harness/BridgeRig.js";
import { expectNoGap, expectWhole } from "./harness/expect-whole.js";
import { sample, serveTones, serveTune } from "./harness/sounds.js";

const RATE = 48_000;

let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start();
});
afterEach(() => rig.closeRooms());
afterAll(() => rig.close());

describe("whole sounds", () => {
  test.each([
    [8_000, true],
    [11_025, false],
    [16_000, true],
    [22_050, false],
    [32_000, true],
    [44_100, false],
    [48_000, true],
    [96_000, false],
  ])("BR-10 a WAV of %d Hz (mono: %s) is heard as it is", async (rate, mono) => {
    const room = await rig.room();
    const { url, reference } = serveTune(rig, 1, { rate, mono });
    const heard = await room.playAndHear(url);
    expectWhole(heard, reference);
    expectNoGap(heard);
  });

  test("BR-10 speech at 16 kHz is heard as it is", async () => {
    const room = await rig.room();
    const { url, reference } = await sample(rig, "speech.wav");
    expectWhole(await room.playAndHear(url), reference);
  });

  test("BR-10 nothing above half the output's rate is folded into what is heard", async () => {
    const room = await rig.room();
    const { url } = serveTones(rig, [30_000], { rate: 96_000, amplitude: 0.5 });
    const { samples } = await room.playAndHear(url);
    expect(levelDbfs(samples.subarray(RATE / 10, (RATE * 9) / 10))).toBeLessThan(-80); // its edges are clicks
  });

  test("BR-10 no image of a low rate's sound is heard", async () => {
    const room = await rig.room();
    const { url } = serveTones(rig, [3_000], { rate: 8_000, amplitude: 0.5 });
    const { samples } = await room.playAndHear(url);
    const middle = samples.subarray(RATE / 4, (RATE * 3) / 4);
    expect(dominantFrequency(middle, RATE)).toBeCloseTo(3_000, -1);
    expect(toneLevelDbfs(middle, RATE, 5_000)).toBeLessThan(toneLevelDbfs(middle, RATE, 3_000) - 60);
  });

  test.each(["tune-5s.mp3"])("BR-11 an MP3 (%s) is heard as it is", async (name) => {
    const room = await rig.room();
    const { url, reference } = await sample(rig, name);
    const heard = await room.playAndHear(url);
    expectWhole(heard, reference);
    expectNoGap(heard);
  });

  test("BR-20 the first sample of the first sound is heard, by a listener who was there before", async () => {
    const room = await rig.room();
    const { url, reference } = serveTune(rig, 0.5);
    const heard = await room.playAndHear(url);
    const beginning = reference.samples.subarray(0, RATE / 5);
    const like = likeness(heard.samples, beginning);
    expect(like.overall).toBeGreaterThan(0.97);
    expect(like.offset).toBeGreaterThanOrEqual(0);
    expectWhole(heard, reference);
  });

  test("BR-20 with nobody in the room the wait is bounded, and the play goes on", async () => {
    const room = await rig.room({ listener: false });
    const play = room.play(serveTune(rig, 0.4).url);
    expect(await room.ended(play)).toMatchObject({ success: true });
    expect((await room.ended(play)).atMs - play.askedAtMs).toBeLessThan(10_000);
  });
});

describe("streams", () => {
  test("BR-12 a WAV plays while it downloads", async () => {
    const { data, reference } = serveTune(rig, 3, { rate: 16_000, mono: true });
    const url = rig.samples.serve("slow.wav", slowly(data, 1.5 * 32_000));
    const room = await rig.room();
    const play = room.play(url);
    const first = await room.ears.firstPacket(play.askedAtMs);
    expect(first.atMs - play.askedAtMs).toBeLessThan(1_500); // the download takes 2 s
    await room.ended(play);
    const heard = await room.heard(play.askedAtMs);
    expectWhole(heard, reference);
    expectNoGap(heard);
  });

  test("BR-12 an MP3 plays while it downloads", async () => {
    const { reference } = await sample(rig, "tune-5s.mp3");
    const data = new Uint8Array(await (await fetch(rig.samples.url("tune-5s.mp3"))).arrayBuffer());
    const url = rig.samples.serve("slow.mp3", slowly(data, 1.5 * 16_000));
    const room = await rig.room();
    const play = room.play(url);
    const first = await room.ears.firstPacket(play.askedAtMs);
    expect(first.atMs - play.askedAtMs).toBeLessThan(2_000); // the download takes 3.4 s
    await room.ended(play);
    expectWhole(await room.heard(play.askedAtMs), reference);
  });
});

describe("events", () => {
  test("BR-13 `play_started` comes after the first packet, and says how long that took", async () => {
    const { data } = serveTune(rig, 0.4);
    const delayMs = 400;
    const url = rig.samples.serve("late.wav", async (_, response) => {
      await sleep(delayMs);
      response.writeHead(200).end(data);
    });
    const room = await rig.room();
    const play = room.play(url);
    const started = await room.started(play);
    await room.ended(play);
    const heard = await room.heard(play.askedAtMs);
    expect(started.firstFrameLatencyMs).toBeGreaterThanOrEqual(delayMs - 5);
    expect(started.firstFrameLatencyMs).toBeLessThanOrEqual(started.atMs - play.askedAtMs + 5);
    expect(Math.abs(heard.firstPacketAtMs - play.askedAtMs - started.firstFrameLatencyMs)).toBeLessThan(100);
    expect(started).toMatchObject({ sampleRate: 48_000, channels: 2 });
    expect(started.expectedDurationMs).toBeCloseTo(400, 0);
  });

  test("BR-14 `play_progress` comes once a second with the position that was played out", async () => {
    const room = await rig.room();
    const play = room.play(rig.samples.url("tune-5s.mp3"));
    await room.ended(play);
    const first = await room.ears.firstPacket(play.askedAtMs);
    const progress = room.eventsOf(play).filter((event) => event.type === "play_progress");
    expect(progress.length).toBeGreaterThanOrEqual(4);
    expect(progress.length).toBeLessThanOrEqual(5);
    for (const { positionMs, atMs } of progress) {
      expect(Math.abs(positionMs - (atMs - first.atMs))).toBeLessThan(150);
    }
  });

  test("BR-15 `play_complete` comes once, not before the last sample's time, with what was played out", async () => {
    const room = await rig.room();
    const { url, reference } = serveTune(rig, 1);
    const play = room.play(url);
    const end = await room.ended(play);
    const heard = await room.heard(play.askedAtMs);
    expect(end).toMatchObject({ success: true });
    expect(Math.abs((end.durationMs ?? 0) - reference.durationMs)).toBeLessThanOrEqual(20);
    expect(end.atMs - heard.firstPacketAtMs).toBeGreaterThanOrEqual(reference.durationMs - 20);
    expect(room.eventsOf(play).filter(({ type }) => type === "play_complete")).toHaveLength(1);
  });
});

describe("level", () => {
  test.each([
    ["volume 0.5", { volume: 0.5 }, -6.02],
    ["gain 2", { gain: 2 }, 6.02],
    ["volume 0.25 and gain 2", { volume: 0.25, gain: 2 }, -6.02],
  ])("BR-16 %s", async (_, options, db) => {
    const room = await rig.room();
    const { url, reference } = serveTune(rig, 0.8);
    expectWhole(await room.playAndHear(url, options), reference, db);
  });

  test("BR-16 volume 0 is silence, and lasts as long", async () => {
    const room = await rig.room();
    const play = room.play(serveTune(rig, 0.6).url, { volume: 0 });
    const end = await room.ended(play);
    expect(end).toMatchObject({ success: true });
    expect(Math.abs((end.durationMs ?? 0) - 600)).toBeLessThanOrEqual(20);
    const heard = await room.heardOrNothing(play.askedAtMs);
    expect(levelDbfs(heard?.samples ?? new Float32Array())).toBeLessThan(-80);
  });

  test("BR-16 what is too loud is clamped, never wrapped", async () => {
    const room = await rig.room();
    const { url, reference } = serveTones(rig, [440], { amplitude: 0.5 });
    const heard = await room.playAndHear(url, { gain: 8 });
    const like = likeness(heard.samples, reference.samples);
    expect(like.overall).toBeGreaterThan(0.88); // of a sine clamped to a square: 0.9
    expect(heard.samples.every((sample) => Math.abs(sample) < 1.3)).toBe(true);
  });

  test("BR-16 `PUBLISH_GAIN` multiplies too", async () => {
    const quieter = await BridgeRig.start({ PUBLISH_GAIN: "0.5" });
    try {
      const room = await quieter.room();
      const { url, reference } = serveTune(quieter, 0.8);
      expectWhole(await room.playAndHear(url, { volume: 0.5 }), reference, -12.04);
    } finally {
      await quieter.close();
    }
  });

  test("BR-21 `sampleRate` limits the bandwidth and not the clock", async () => {
    const room = await rig.room();
    const { url, reference } = serveTones(rig, [1_000, 12_000]);
    const heard = await room.playAndHear(url, { sampleRate: 16_000 });
    const middle = heard.samples.subarray(RATE / 4, (RATE * 3) / 4);
    expect(Math.abs(heard.soundMs - reference.durationMs)).toBeLessThanOrEqual(20);
    expect(toneLevelDbfs(middle, RATE, 1_000)).toBeCloseTo(-15.05, 0);
    expect(toneLevelDbfs(middle, RATE, 12_000)).toBeLessThan(-60);
  });
});

describe("several plays", () => {
  test("BR-17 a `requestId` that is known makes no second sound, and its state is reported again", async () => {
    const room = await rig.room();
    const { url, reference } = serveTune(rig, 1);
    const play = room.play(url);
    await room.started(play);
    room.play(url, { requestId: play.requestId });
    await room.ended(play);
    const heard = await room.heard(play.askedAtMs);
    expectWhole(heard, reference);
    const before = room.eventsOf(play).filter(({ type }) => type === "play_started").length;
    expect(before).toBe(2);

    const again = room.play(url, { requestId: play.requestId });
    const repeated = await room.event("play_complete", {
      requestId: play.requestId,
      sinceMs: again.askedAtMs,
    });
    expect(repeated).toMatchObject({ success: true });
    expect(await room.packets(again.askedAtMs)).toHaveLength(0);
  });

  test("BR-18 `stopOther: true` ends what plays, with reason `replaced`", async () => {
    const room = await rig.room();
    const first = room.play(serveTones(rig, [440], { seconds: 3 }).url);
    await room.started(first);
    const second = room.play(serveTones(rig, [1_000], { seconds: 1 }).url, { stopOther: true });
    expect(await room.ended(first)).toMatchObject({ success: false, error: "cancelled", reason: "replaced" });
    expect(await room.ended(second)).toMatchObject({ success: true });
    const { samples } = await room.heard(second.askedAtMs);
    const later = samples.subarray(samples.length / 2, samples.length / 2 + RATE / 4);
    expect(dominantFrequency(later, RATE)).toBeCloseTo(1_000, -1);
    expect(toneLevelDbfs(later, RATE, 440)).toBeLessThan(-60);
  });

  test("BR-18 BR-5 `stopOther: false` mixes, in one track, each at its level", async () => {
    const room = await rig.room();
    const first = room.play(serveTones(rig, [440], { seconds: 2 }).url, { stopOther: false });
    await room.started(first);
    const second = room.play(serveTones(rig, [1_000], { seconds: 1 }).url, { stopOther: false, trackId: 1 });
    const started = await room.started(second);
    expect(await room.ended(first)).toMatchObject({ success: true });
    expect(await room.ended(second)).toMatchObject({ success: true });
    const { samples } = await room.heard(started.atMs + 100); // from within the second
    const both = samples.subarray(0, RATE / 2);
    expect(toneLevelDbfs(both, RATE, 440)).toBeCloseTo(-15.05, 0);
    expect(toneLevelDbfs(both, RATE, 1_000)).toBeCloseTo(-15.05, 0);
    expect(room.ears.tracks).toHaveLength(1);
  });

  test("BR-19 a sound longer than `SPEAKER_MAX_DURATION_MS` is ended there", async () => {
    const bounded = await BridgeRig.start({ SPEAKER_MAX_DURATION_MS: "1000" });
    try {
      const room = await bounded.room();
      const play = room.play(serveTune(bounded, 3).url);
      const end = await room.ended(play);
      expect(end).toMatchObject({ success: false, error: "max_duration" });
      expect(Math.abs((end.durationMs ?? 0) - 1_000)).toBeLessThanOrEqual(40);
      const heard = await room.heard(play.askedAtMs);
      expect(Math.abs(heard.soundMs - 1_000)).toBeLessThanOrEqual(40);
    } finally {
      await bounded.close();
    }
  });
});

test("the harness itself: an event that does not come is an error that names it", async () => {
  const room = await rig.room({ listener: false });
  await expect(room.event("play_started", { requestId: "never", timeoutMs: 50 })).rejects.toThrow(
    WaitTimeoutError,
  );
});
