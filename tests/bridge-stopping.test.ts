import {
  levelDbfs,
  likeness,
  ordered,
  slowly,
  TICKS_PER_MS,
  toneLevelDbfs,
} from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BridgeRig } from "./harness/BridgeRig.js";
import type { Play, RoomUnderTest } from "./harness/RoomUnderTest.js";
import { serveTones, serveTune } from "./harness/sounds.js";

const RATE = 48_000;
/** From the command to the last packet: a fade of 20 ms, the packet that was under way, and slack. */
const STOP_MS = 100;

let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start();
});
afterEach(() => rig.closeRooms());
afterAll(() => rig.close());

/** Resolves when so much of a play has been heard. */
function playedFor(room: RoomUnderTest, { askedAtMs }: Play, ms: number): Promise<true> {
  return room.ears.until(`${ms} ms of sound`, () => {
    const packets = ordered(room.ears.packets(askedAtMs));
    const [first, last] = [packets[0], packets.at(-1)];
    const length = first === undefined || last === undefined ? 0 : last.position - first.position;
    return length >= ms * TICKS_PER_MS || undefined;
  });
}

test("BR-30 after a stop a short fade is heard, then nothing of the play", async () => {
  const room = await rig.room();
  const { url, reference } = serveTune(rig, 5);
  const play = room.play(url);
  await playedFor(room, play, 800);
  const stoppedAt = Date.now();
  room.client.send({ action: "stop_playback", requestId: play.requestId, reason: "user" });
  const end = await room.ended(play);
  const heard = await room.heard(play.askedAtMs);
  expect(end).toMatchObject({ success: false, error: "cancelled", reason: "user" });
  expect(heard.lastPacketAtMs - stoppedAt).toBeLessThan(STOP_MS);
  expect(Math.abs((end.durationMs ?? 0) - heard.soundMs)).toBeLessThanOrEqual(40);
  const uncut = ((heard.leadInMs + heard.soundMs - 60) * RATE) / 1000;
  expect(likeness(heard.samples, reference.samples.subarray(0, uncut)).worst).toBeGreaterThan(0.9);
  expect(end.atMs - stoppedAt).toBeLessThan(500);
});

test("BR-30 the fade is one: the sound does not break off at full level", async () => {
  const room = await rig.room();
  const play = room.play(serveTones(rig, [1_000], { seconds: 3 }).url);
  await playedFor(room, play, 400);
  room.client.send({ action: "stop_playback", requestId: play.requestId });
  await room.ended(play);
  const { samples } = await room.heard(play.askedAtMs);
  const steps = samples
    .subarray(-0.06 * RATE)
    .map((sample, i, all) => Math.abs(sample - (all[i - 1] ?? sample)));
  const steepest = 2 * Math.PI * 1_000 * 0.25 * (1 / RATE); // of the tone itself
  expect(Math.max(...steps)).toBeLessThan(1.6 * steepest);
  expect(levelDbfs(samples.subarray(-0.002 * RATE))).toBeLessThan(-40);
});

test("BR-31 a stop right after the play ends it with no sound", async () => {
  const room = await rig.room();
  const play = room.play(serveTune(rig, 2).url);
  room.client.send({ action: "stop_playback", requestId: play.requestId });
  expect(await room.ended(play)).toMatchObject({ success: false, error: "cancelled" });
  const heard = await room.heardOrNothing(play.askedAtMs);
  expect(levelDbfs(heard?.samples ?? new Float32Array())).toBeLessThan(-80);
  expect(room.eventsOf(play).map(({ type }) => type)).toEqual(["play_complete"]);
});

test("BR-31 a stop while the server has not answered yet ends it with no sound", async () => {
  const room = await rig.room();
  const url = rig.samples.serve("never.wav", () => {});
  const play = room.play(url);
  await room.event("room_joined");
  room.client.send({ action: "stop_playback", requestId: play.requestId });
  expect(await room.ended(play)).toMatchObject({ success: false, error: "cancelled", durationMs: 0 });
});

test("BR-31 a stop while the sound buffers too slowly ends it", async () => {
  const room = await rig.room();
  const { data } = serveTune(rig, 5);
  const play = room.play(rig.samples.serve("trickle.wav", slowly(data, 2_000)));
  await room.event("room_joined");
  room.client.send({ action: "stop_playback", requestId: play.requestId });
  expect(await room.ended(play)).toMatchObject({ success: false, error: "cancelled" });
});

test("BR-32 a stop without a `requestId` stops every play", async () => {
  const room = await rig.room();
  const plays = [440, 1_000].map((tone, trackId) =>
    room.play(serveTones(rig, [tone], { seconds: 5 }).url, { stopOther: false, trackId }),
  );
  await Promise.all(plays.map((play) => room.started(play)));
  const stoppedAt = Date.now();
  room.client.send({ action: "stop_playback" });
  const ends = await Promise.all(plays.map((play) => room.ended(play)));
  expect(ends.map((end) => !end.success && end.error)).toEqual(["cancelled", "cancelled"]);
  expect((await room.heard(plays[0]?.askedAtMs ?? 0)).lastPacketAtMs - stoppedAt).toBeLessThan(STOP_MS);
});

test("BR-32 a stop with a `trackId` stops that layer alone", async () => {
  const room = await rig.room();
  const [speaker, app] = [440, 1_000].map((tone, trackId) =>
    room.play(serveTones(rig, [tone], { seconds: 2 }).url, { stopOther: false, trackId }),
  ) as [Play, Play];
  await Promise.all([room.started(speaker), room.started(app)]);
  room.client.send({ action: "stop_playback", trackId: 1 });
  expect(await room.ended(app)).toMatchObject({ success: false, error: "cancelled" });
  const goneAt = Date.now() + STOP_MS;
  expect(await room.ended(speaker)).toMatchObject({ success: true });
  const { samples } = await room.heard(goneAt);
  const rest = samples.subarray(0, RATE / 2);
  expect(toneLevelDbfs(rest, RATE, 440)).toBeCloseTo(-15.05, 0);
  expect(toneLevelDbfs(rest, RATE, 1_000)).toBeLessThan(-60);
});

test("BR-33 a stop for an unknown `requestId` is not an error, and stops nothing", async () => {
  const room = await rig.room();
  const play = room.play(serveTune(rig, 1).url);
  await room.started(play);
  room.client.send({ action: "stop_playback", requestId: "nobody" });
  expect(await room.ended(play)).toMatchObject({ success: true });
  expect(room.events.filter(({ type }) => type === "error")).toEqual([]);
});
