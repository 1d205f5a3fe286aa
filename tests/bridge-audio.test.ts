import { once } from "node:events";
import { BridgeClient } from "@server-playback/bridge-client";
import { dominantFrequency, sine, toReference, tune } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BridgeRig } from "./harness/BridgeRig.js";
import { expectWhole } from "./harness/expect-whole.js";
import { s16le } from "./harness/pcm.js";
import type { RoomUnderTest } from "./harness/RoomUnderTest.js";
import { serveTones, serveTune } from "./harness/sounds.js";

const RATE = 48_000;

let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start({ DEBUG_TONE: "true" });
});
afterEach(() => rig.closeRooms());
afterAll(() => rig.close());

test("BR-50 PCM between `start_pcm` and `end_pcm` is heard in the announced form", async () => {
  const room = await rig.room();
  const pcm = tune(21, 1, 24_000);
  const askedAt = Date.now();
  const access = { roomName: room.name, token: room.token };
  room.client.send({ action: "start_pcm", requestId: "pcm", sampleRate: 24_000, channels: 2, ...access });
  for (const chunk of chunks(s16le(pcm.channels), 4_800)) {
    await room.client.sendPcm(chunk);
  }
  room.client.send({ action: "end_pcm", requestId: "pcm" });
  expect(await room.event("play_complete", { requestId: "pcm" })).toMatchObject({ success: true });
  expectWhole(await room.heard(askedAt), toReference(pcm));
});

test("BR-50 PCM that nobody announced is 16 kHz mono", async () => {
  const room = await rig.room();
  await join(room);
  const askedAt = Date.now();
  await room.client.sendPcm(s16le([sine(500, 0.5, 16_000)]));
  await room.ears.firstPacket(askedAt);
  const { samples, soundMs } = await room.heard(askedAt);
  expect(dominantFrequency(samples.subarray(RATE / 10, (RATE * 4) / 10), RATE)).toBeCloseTo(500, -1);
  expect(Math.abs(soundMs - 500)).toBeLessThan(60);
});

test("BR-51 `publish_tone` is heard where `DEBUG_TONE` allows it", async () => {
  const room = await rig.room();
  await join(room);
  const askedAt = Date.now();
  room.client.send({ action: "publish_tone", requestId: "tone", durationMs: 500 });
  await room.ears.firstPacket(askedAt);
  const { samples } = await room.heard(askedAt);
  expect(dominantFrequency(samples.subarray(RATE / 10, (RATE * 4) / 10), RATE)).toBeGreaterThan(100);
});

test("BR-51 `publish_tone` is refused without `DEBUG_TONE`", async () => {
  const plain = await BridgeRig.start();
  try {
    const room = await plain.room({ listener: false });
    room.client.send({ action: "publish_tone", requestId: "tone" });
    expect(await room.event("error", { requestId: "tone" })).toMatchObject({ error: "invalid_command" });
  } finally {
    await plain.close();
  }
});

test("BR-52 a participant's audio comes back as PCM after `subscribe_enable`, and not before or after", async () => {
  const speaker = await rig.room();
  const token = await rig.token(speaker.name, "listening-bridge", "both");
  const other = await BridgeClient.connect(rig.bridge.wsUrl);
  const received: Buffer[] = [];
  other.on("pcm", (pcm) => received.push(pcm));
  const joined = other.waitFor((event) => (event.type === "room_joined" ? event : undefined));
  other.send({ action: "join_room", roomName: speaker.name, token });
  await joined;
  const { url } = serveTones(rig, [700], { seconds: 1 });
  await speaker.playAndHear(url);
  await other.ping();
  expect(received).toHaveLength(0);

  other.send({ action: "subscribe_enable", targetIdentity: "bridge" });
  await other.ping();
  await speaker.playAndHear(url);
  await other.ping();
  const pcm = toFloats(Buffer.concat(received));
  const samples = toFloats(Buffer.concat(received)).subarray(pcm.length / 4, (pcm.length * 3) / 4);
  expect(pcm.length).toBeGreaterThan(0);
  expect(rateOf(samples, 700)).toBeDefined();

  other.send({ action: "subscribe_disable" });
  await other.ping();
  received.length = 0;
  await speaker.playAndHear(url);
  await other.ping();
  expect(received).toHaveLength(0);
  await other.close();
});

test("BR-52 a reader that does not read does not hold the room up", async () => {
  const speaker = await rig.room();
  const token = await rig.token(speaker.name, "deaf-bridge", "both");
  const deaf = new WebSocket(rig.bridge.wsUrl);
  await once(deaf, "open");
  deaf.send(JSON.stringify({ action: "join_room", roomName: speaker.name, token }));
  deaf.send(JSON.stringify({ action: "subscribe_enable" }));
  deaf.pause();
  const { url, reference } = serveTune(rig, 3);
  expectWhole(await speaker.playAndHear(url), reference);
  deaf.terminate();
});

async function join(room: RoomUnderTest): Promise<void> {
  room.client.send({ action: "join_room", roomName: room.name, token: room.token });
  await room.event("room_joined");
}

function* chunks(data: Uint8Array, bytes: number): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += bytes) {
    yield data.subarray(at, at + bytes);
  }
}

function toFloats(pcm: Buffer): Float32Array {
  return Float32Array.from({ length: pcm.length / 2 }, (_, i) => pcm.readInt16LE(2 * i) / 32768);
}

/** The usual rate at which these samples are a tone of this frequency. */
function rateOf(samples: Float32Array, frequency: number): number | undefined {
  return [16_000, 48_000].find((rate) => Math.abs(dominantFrequency(samples, rate) - frequency) < 5);
}
