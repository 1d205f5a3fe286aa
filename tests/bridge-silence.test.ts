import { setTimeout as sleep } from "node:timers/promises";
import { ordered, splitAtIdle, TICKS_PER_MS } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BridgeRig } from "./harness/BridgeRig.js";
import { expectWhole } from "./harness/expect-whole.js";
import { serveTune } from "./harness/sounds.js";

/** How long a room is left alone: longer than any tail of a sound. */
const IDLE_MS = 1_500;
/** Of silence after a sound: the encoder's delay, filled up to a packet or two. */
const TAIL_MS = 45;

let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start();
});
afterEach(() => rig.closeRooms());
afterAll(() => rig.close());

test("BR-40 while nothing plays, nothing is sent", async () => {
  const room = await rig.room();
  const { url, reference } = serveTune(rig, 0.5);
  await room.playAndHear(url); // the first sound of a room is for the track's setting-up
  const play = room.play(url);
  await room.ended(play);
  await sleep(IDLE_MS);
  const packets = ordered(room.ears.packets(play.askedAtMs));
  const sentMs = packets.length * 20;
  expect(sentMs).toBeGreaterThanOrEqual(reference.durationMs);
  expect(sentMs).toBeLessThanOrEqual(reference.durationMs + TAIL_MS);
});

test("BR-40 after the first sound, too, nothing is sent", async () => {
  const room = await rig.room();
  const { url, reference } = serveTune(rig, 0.5);
  const heard = await room.playAndHear(url);
  expect(heard.packetsMs - heard.leadInMs).toBeLessThanOrEqual(reference.durationMs + TAIL_MS);
});

test("BR-41 a listener who joins while the room is idle hears the next sound from its first sample", async () => {
  const room = await rig.room();
  const { url, reference } = serveTune(rig, 0.6);
  await room.playAndHear(url);
  const late = await room.listen();
  await sleep(IDLE_MS); // the server subscribes it; nobody is told when
  const play = room.play(url);
  await room.ended(play);
  expectWhole(await room.heard(play.askedAtMs), reference);
  expectWhole(await room.heard(play.askedAtMs, late), reference);
});

test("BR-42 after a pause RTP time has moved on with the clock, and the sequence is unbroken", async () => {
  const room = await rig.room();
  const { url } = serveTune(rig, 0.4);
  await room.playAndHear(url);
  await sleep(IDLE_MS);
  await room.playAndHear(url);
  const sounds = splitAtIdle(room.ears.packets());
  expect(sounds).toHaveLength(2);
  const [before, after] = [sounds[0]?.[0], sounds[1]?.[0]];
  if (before === undefined || after === undefined) {
    throw new Error("A sound without packets.");
  }
  const passedMs = (after.position - before.position) / TICKS_PER_MS;
  expect(Math.abs(passedMs - (after.atMs - before.atMs))).toBeLessThan(60);
  expect(
    ordered(room.ears.packets()).every((packet, i, all) => packet.index === (all[0]?.index ?? 0) + i),
  ).toBe(true);
});
