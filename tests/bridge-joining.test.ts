import { readFile } from "node:fs/promises";
import { BridgeClient } from "@server-playback/bridge-client";
import { poll } from "@server-playback/simulator";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BridgeRig } from "./harness/BridgeRig.js";
import { serveTune } from "./harness/sounds.js";

let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start();
});
afterEach(() => rig.closeRooms());
afterAll(() => rig.close());

test("BR-1 the first frame is `connected`, with version, instance, capacity and active streams", async () => {
  const client = await BridgeClient.connect(rig.bridge.wsUrl);
  const again = await BridgeClient.connect(rig.bridge.wsUrl);
  expect(client.bridge).toMatchObject({ type: "connected", activeStreams: 0 });
  expect(client.bridge.version).not.toBe("");
  expect(client.bridge.capacity).toBeGreaterThan(0);
  expect(again.bridge.instanceId).toBe(client.bridge.instanceId);
  await Promise.all([client.close(), again.close()]);
});

test("BR-2 BR-5 the room is joined once: later plays name neither room nor token, and the track stays", async () => {
  const room = await rig.room();
  const { url } = serveTune(rig, 0.4);
  await room.playAndHear(url);
  const play = { requestId: "without-room", askedAtMs: Date.now() };
  room.client.send({ action: "play_url", requestId: play.requestId, url });
  expect(await room.ended(play)).toMatchObject({ success: true });
  expect((await room.heard(play.askedAtMs)).soundMs).toBeGreaterThan(300);
  expect(room.events.filter(({ type }) => type === "room_joined")).toHaveLength(1);
  expect(room.ears.tracks).toHaveLength(1);
  expect((await room.started(play)).joinMs).toBe(0);
});

test("BR-3 a play with a token joins by itself, as the token's identity", async () => {
  const room = await rig.room();
  const play = room.play(serveTune(rig, 0.4).url);
  const started = await room.started(play);
  expect(started.joinMs).toBeGreaterThan(0);
  expect(await room.event("room_joined")).toMatchObject({ roomName: room.name, identity: "bridge" });
  expect(await rig.participants(room.name)).toContain("bridge");
  await room.ended(play);
});

test("BR-2 `join_room` joins before anything is played", async () => {
  const room = await rig.room();
  room.client.send({ action: "join_room", roomName: room.name, token: room.token });
  expect(await room.event("room_joined")).toMatchObject({ roomName: room.name, identity: "bridge" });
  const play = room.play(serveTune(rig, 0.4).url);
  expect((await room.started(play)).joinMs).toBe(0);
  await room.ended(play);
});

test("BR-4 `leave_room` takes the participant out, and a later play joins again", async () => {
  const room = await rig.room();
  const { url } = serveTune(rig, 0.4);
  await room.playAndHear(url);
  room.client.send({ action: "leave_room" });
  await room.event("room_left");
  await gone(room.name);
  expect((await room.playAndHear(url)).soundMs).toBeGreaterThan(300);
});

test("BR-4 the end of the connection takes the participant out", async () => {
  const room = await rig.room();
  await room.playAndHear(serveTune(rig, 0.4).url);
  await room.client.close();
  await gone(room.name);
});

test("BR-6 a join that fails ends the play as `join_failed`, and the token is nowhere", async () => {
  const room = await rig.room({ listener: false });
  const token = `${room.token.slice(0, -8)}AAAAAAAA`;
  const end = await room.ended(room.play(serveTune(rig, 0.4).url, { token }));
  expect(end).toMatchObject({ success: false, error: "join_failed" });
  await room.settled();
  expect(JSON.stringify(room.events)).not.toContain(token);
  expect(await readFile(rig.logFile, "utf8")).not.toContain(token);
});

function gone(room: string): Promise<void> {
  return poll("the participant's leaving", async () => {
    const identities = await rig.participants(room);
    if (identities.includes("bridge")) {
      throw new Error(`in the room: ${identities.join(", ")}`);
    }
  });
}
