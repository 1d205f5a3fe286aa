import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { ScriptedBridge } from "../../bridge-client/test/scripted-bridge.js";
import { connectApp, connectGlasses, playRequest } from "./clients.js";
import {
  apiKey,
  app,
  appTokenSecret,
  glassesToken,
  glassesTokenSecret,
  liveKit,
  metric,
  startTestCloud,
  type TestCloud,
  user,
} from "./fixtures.js";
import type { Peer } from "./peer.js";
import { completed, started } from "./speaker-world.js";
import { WebhookServer } from "./webhook-server.js";

const bridgeSecret = "a-secret-of-the-bridge";

let webhook: WebhookServer;
let bridge: ScriptedBridge;
let cloud: TestCloud;

beforeEach(async () => {
  webhook = await WebhookServer.start();
  bridge = await ScriptedBridge.start(bridgeSecret);
  cloud = await startTestCloud({
    webhookUrl: webhook.url,
    liveKit,
    bridge: { url: bridge.url, secret: bridgeSecret },
    playbackMode: "shadow",
  });
});

afterEach(async () => {
  await cloud.close();
  await bridge.close();
  await webhook.close();
});

/** Lets the bridge say these events when it gets a play. */
function onPlay(events: (requestId: string) => BridgeEvent[]): void {
  bridge.onCommand = (socket, command) => {
    if (command.action === "play_url") {
      say(socket, events(command.requestId));
    }
  };
}

function say(socket: WebSocket, events: BridgeEvent[]): void {
  for (const event of events) {
    socket.send(JSON.stringify(event));
  }
}

/** One sound through the existing flow, as it must go whatever the room does. */
async function playOnGlasses(peer: Peer, glasses: Peer, requestId: string, duration?: number): Promise<void> {
  peer.send(playRequest(requestId));
  expect(await glasses.next("audio_play_request")).toMatchObject({ requestId });
  glasses.send({ type: "audio_play_response", requestId, success: true, duration });
  expect(await peer.next("audio_play_response")).toMatchObject({ requestId, success: true });
}

function linesOf(requestId: string) {
  return cloud.logLines.filter((line) => line.requestId === requestId);
}

describe("CL-26 the two durations", () => {
  it.each(["glasses", "bridge"])(
    "CL-26 are logged together, with user and room, when the %s is last",
    async (last) => {
      const glasses = await connectGlasses(cloud);
      const peer = await connectApp(cloud);
      const tell = new Promise<() => void>((resolve) => {
        bridge.onCommand = (socket, { requestId = "" }) =>
          resolve(() => say(socket, [started(requestId), completed(requestId, 2317)]));
      });
      peer.send(playRequest("r1"));
      await glasses.next("audio_play_request");
      const answer = () =>
        glasses.send({ type: "audio_play_response", requestId: "r1", success: true, duration: 2.3 });
      const order = last === "glasses" ? [await tell, answer] : [answer, await tell];
      for (const step of order) {
        const before = linesOf("r1").length;
        step();
        await vi.waitFor(() => expect(linesOf("r1").length).toBeGreaterThan(before));
      }
      await vi.waitFor(() => expect(linesOf("r1").some(({ msg }) => msg === "play durations")).toBe(true));
      expect(linesOf("r1").filter(({ msg }) => msg === "play durations")).toMatchObject([
        { device_duration_ms: 2300, shadow_duration_ms: 2317, user },
      ]);
      for (const line of linesOf("r1")) {
        expect(line).toMatchObject({ requestId: "r1", user, room: expect.stringMatching(/^user_/) });
      }
      expect(linesOf("r1").map(({ msg }) => msg)).toEqual(
        expect.arrayContaining(["play requested", "play started", "play ended", "glasses answered"]),
      );
    },
  );
});

describe("CL-21 the bridge", () => {
  it("CL-21 has one connection a user, made by the first play, with the secret", async () => {
    const ada = await connectGlasses(cloud);
    const eve = await connectGlasses(cloud, "eve@example.com");
    const adas = await connectApp(cloud);
    const eves = await connectApp(cloud, app, "eve@example.com");
    expect(bridge.authorization).toEqual([]);
    await playOnGlasses(adas, ada, "a1");
    await playOnGlasses(adas, ada, "a2");
    eves.send(playRequest("e1", {}, app, "eve@example.com"));
    await eve.next("audio_play_request");
    await vi.waitFor(() => expect(bridge.commands).toHaveLength(3));
    expect(bridge.authorization).toEqual([`Bearer ${bridgeSecret}`, `Bearer ${bridgeSecret}`]);
    const rooms = new Map(bridge.commands.map((command) => [command.requestId, (command as Play).roomName]));
    expect(rooms.get("a1")).toBe(rooms.get("a2"));
    expect(rooms.get("a1")).not.toBe(rooms.get("e1"));
  });

  it("CL-21 is not asked to play what the glasses did not get, nor this server's own speech", async () => {
    const peer = await connectApp(cloud);
    peer.send(playRequest("nobody there"));
    await peer.next("audio_play_response");
    const glasses = await connectGlasses(cloud);
    const speech = `${cloud.url.replace("http", "https")}/api/tts?text=hello`;
    peer.send(playRequest("speech", { audioUrl: speech }));
    await glasses.next("audio_play_request");
    await playOnGlasses(peer, glasses, "sound");
    await vi.waitFor(() => expect(bridge.commands.map(({ requestId }) => requestId)).toEqual(["sound"]));
  });

  it("CL-24 is told to stop what an app stops", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    await playOnGlasses(peer, glasses, "r1");
    await vi.waitFor(() => expect(bridge.commands).toHaveLength(1));
    peer.send({ type: "audio_stop_request", packageName: app });
    await glasses.next("audio_stop_request");
    await vi.waitFor(() =>
      expect(bridge.commands[1]).toMatchObject({ action: "stop_playback", requestId: "r1", reason: "user" }),
    );
  });

  it("CL-4 loses the user with the session", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    await playOnGlasses(peer, glasses, "r1");
    await vi.waitFor(() => expect(bridge.commands).toHaveLength(1));
    await cloud.close();
    expect(bridge.commands.slice(1).map(({ action }) => action)).toEqual(["stop_playback", "leave_room"]);
  });
});

type Play = Extract<BridgeCommand, { action: "play_url" }>;

describe("CL-11 the existing flow", () => {
  const faults: [string, () => unknown][] = [
    ["is away", () => bridge.close()],
    ["refuses the secret", () => bridge.become({ refuseAll: true })],
    ["never greets", () => bridge.become({ onConnection: () => {} })],
    ["hangs up at once", () => bridge.become({ onConnection: (socket) => socket.close() })],
    ["hangs up on a play", () => bridge.become({ onCommand: (socket) => socket.terminate() })],
    ["talks nonsense", () => bridge.become({ onCommand: (socket) => socket.send("nonsense") })],
    [
      "fails the play",
      () =>
        onPlay((requestId) => [{ type: "play_complete", requestId, success: false, error: "http_status" }]),
    ],
    ["lost the room", () => onPlay(() => [{ type: "error", error: "join_failed" }])],
    [
      "says the end twice, and of strangers",
      () => onPlay((requestId) => [completed(requestId), completed(requestId), completed("stranger")]),
    ],
  ];

  it.each(faults)("CL-11 does not notice that the bridge %s", async (_what, arrange) => {
    await arrange();
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    for (const requestId of ["r1", "r2", "r3"]) {
      await playOnGlasses(peer, glasses, requestId, 1);
    }
    peer.send({ type: "audio_stop_request", packageName: app });
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app });
    expect([...peer.rest, ...glasses.rest]).toEqual([]);
  });

  it("CL-23 rests after a bridge that is away, and says it once", async () => {
    await bridge.close();
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    await playOnGlasses(peer, glasses, "r1");
    const resting = () => cloud.logLines.filter(({ msg }) => msg === "no bridge: server playback rests");
    await vi.waitFor(() => expect(resting()).toMatchObject([{ cooldownMs: 300_000, user }]));
    await playOnGlasses(peer, glasses, "r2");
    expect(resting()).toHaveLength(1);
    expect(await metric(cloud, "server_playback_started_total")).toBe(1);
    expect(await metric(cloud, "server_playback_failed_total")).toBe(1);
    expect(await metric(cloud, "server_playback_bridge_error_total")).toBe(1);
  });
});

it("BAD-5 no token, key, secret or query is ever logged", async () => {
  onPlay((requestId) => [started(requestId), completed(requestId)]);
  const glasses = await connectGlasses(cloud, user, `?livekit=true&token=${await glassesToken()}`);
  const peer = await connectApp(cloud);
  await playOnGlasses(peer, glasses, "r1");
  peer.send(playRequest("r2", { volume: "secret-volume" }));
  await peer.next("websocket_error");
  await vi.waitFor(() => expect(linesOf("r1").some(({ msg }) => msg === "play ended")).toBe(true));
  const log = cloud.logLines.map((line) => JSON.stringify(line)).join("\n");
  const tokens = bridge.commands.map((command) => (command as Play).token ?? "");
  expect(tokens[0]).toMatch(/^ey/);
  for (const hidden of [
    "hidden", // the query of the sound's URL
    "eyJ", // how every JWT begins
    apiKey,
    bridgeSecret,
    glassesTokenSecret,
    appTokenSecret,
    liveKit.apiSecret,
  ]) {
    expect(log).not.toContain(hidden);
  }
});
