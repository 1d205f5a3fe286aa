import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectApp, connectGlasses, init, playRequest, postApp, reconnectApp } from "./clients.js";
import { app, metric, otherApp, startTestCloud, type TestCloud, user } from "./fixtures.js";
import { Peer } from "./peer.js";
import { WebhookServer } from "./webhook-server.js";

let webhook: WebhookServer;
let cloud: TestCloud;

beforeEach(async () => {
  webhook = await WebhookServer.start();
  cloud = await startTestCloud({ webhookUrl: webhook.url });
});

afterEach(async () => {
  await cloud.close();
  await webhook.close();
});

/** Shows that the connection still works both ways. */
async function expectAlive(peer: Peer, glasses: Peer, requestId: string): Promise<void> {
  peer.send(playRequest(requestId));
  expect(await glasses.next("audio_play_request")).toMatchObject({ requestId });
  glasses.send({ type: "audio_play_response", requestId, success: true });
  expect(await peer.next("audio_play_response")).toMatchObject({ requestId, success: true });
}

describe("CL-10 the existing flow", () => {
  it("CL-10 takes a play to the glasses and the answer to the app", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    const request = playRequest("r1", { volume: 0.5, stopOtherAudio: false, trackId: 1 });
    peer.send(request);
    const { audioUrl, volume, stopOtherAudio, trackId } = request as typeof request & Record<string, unknown>;
    expect(await glasses.next("audio_play_request")).toMatchObject({
      requestId: "r1",
      packageName: app,
      appId: app,
      audioUrl,
      volume,
      stopOtherAudio,
      trackId,
    });
    glasses.send({ type: "audio_play_response", requestId: "r1", success: true, duration: 2.3 });
    expect(await peer.next("audio_play_response")).toMatchObject({
      requestId: "r1",
      sessionId: `${user}-${app}`,
      success: true,
      duration: 2.3,
    });
    glasses.send({ type: "audio_play_response", requestId: "r1", success: false });
    await expectAlive(peer, glasses, "r2");
    expect(peer.rest).toEqual([]);
  });

  it("CL-10 takes a failure and its reason back as well", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send(playRequest("r1"));
    await glasses.next("audio_play_request");
    glasses.send({ type: "audio_play_response", requestId: "r1", success: false, error: "no sound" });
    expect(await peer.next("audio_play_response")).toMatchObject({ success: false, error: "no sound" });
  });

  it("CL-10 leaves absent fields absent", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send({ type: "audio_play_request", requestId: "r1", packageName: app, audioUrl: "http://x/y" });
    const request = await glasses.next("audio_play_request");
    expect(Object.keys(request).sort()).toEqual(
      ["appId", "audioUrl", "packageName", "requestId", "sessionId", "timestamp", "type"].sort(),
    );
    peer.send({ type: "audio_stop_request", packageName: app });
    expect(await glasses.next("audio_stop_request")).not.toHaveProperty("trackId");
    peer.send({ type: "audio_stop_request", packageName: app, trackId: 2 });
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app, trackId: 2 });
  });

  it("CL-10 keeps two apps' answers apart, even with one requestId", async () => {
    const glasses = await connectGlasses(cloud);
    const radio = await connectApp(cloud);
    const chess = await connectApp(cloud, otherApp);
    radio.send(playRequest("same"));
    await glasses.next("audio_play_request");
    chess.send(playRequest("same", {}, otherApp));
    expect(await chess.next("audio_play_response")).toMatchObject({ requestId: "same", success: false });
    chess.send(playRequest("its own", {}, otherApp));
    await glasses.next("audio_play_request");
    glasses.send({ type: "audio_play_response", requestId: "same", success: true });
    glasses.send({ type: "audio_play_response", requestId: "its own", success: true });
    expect(await radio.next("audio_play_response")).toMatchObject({ requestId: "same", success: true });
    expect(await chess.next("audio_play_response")).toMatchObject({ requestId: "its own", success: true });
    expect([...radio.rest, ...chess.rest]).toEqual([]);
  });

  it("CL-10 plays a request that comes twice once", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send(playRequest("r1"));
    peer.send(playRequest("r1"));
    await glasses.next("audio_play_request");
    await expectAlive(peer, glasses, "r2");
    expect(glasses.rest).toEqual([]);
  });

  it("CL-10 keeps an answer for an app that was cut off and comes back", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send(playRequest("r1"));
    await glasses.next("audio_play_request");
    await peer.cut();
    await vi.waitFor(() => expect(cloud.logLines.some(({ msg }) => msg === "app away")).toBe(true));
    glasses.send({ type: "audio_play_response", requestId: "r1", success: true });
    await vi.waitFor(() => expect(cloud.logLines.some(({ msg }) => msg === "glasses answered")).toBe(true));
    const back = await reconnectApp(cloud);
    expect(await back.next("audio_play_response")).toMatchObject({ requestId: "r1" });
  });

  it("CL-10 an app that connects anew replaces the connection before", async () => {
    const glasses = await connectGlasses(cloud);
    const first = await connectApp(cloud);
    const second = await reconnectApp(cloud);
    expect(await first.closed).toMatchObject({ code: 1008 });
    await expectAlive(second, glasses, "r1");
  });

  it("CL-10 an app that says goodbye falls silent and is no longer let in", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send({
      type: "ownership_release",
      packageName: app,
      sessionId: `${user}-${app}`,
      reason: "clean_shutdown",
    });
    await peer.closed;
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app });
    const again = await Peer.connect(`${cloud.url}/app-ws`);
    again.send(init());
    expect(await again.next("tpa_connection_error")).toMatchObject({ code: "not_started" });
  });

  it("CL-10 a stopped app falls silent", async () => {
    const glasses = await connectGlasses(cloud);
    await connectApp(cloud);
    await postApp(cloud, "stop");
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app });
  });
});

describe("CL-12 glasses that are away", () => {
  it("CL-12 an app is answered and keeps its socket", async () => {
    const peer = await connectApp(cloud);
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({
      requestId: "r1",
      success: false,
      error: expect.any(String),
    });
    peer.send({ type: "audio_stop_request", packageName: app });
    await expectAlive(peer, await connectGlasses(cloud), "r2");
  });
});

describe("CL-27 two users", () => {
  it("CL-27 never hear each other", async () => {
    const ada = await connectGlasses(cloud);
    const eve = await connectGlasses(cloud, "eve@example.com");
    const adasApp = await connectApp(cloud);
    const evesApp = await connectApp(cloud, app, "eve@example.com");
    adasApp.send(playRequest("for ada"));
    evesApp.send(playRequest("for eve", {}, app, "eve@example.com"));
    expect(await ada.next("audio_play_request")).toMatchObject({ requestId: "for ada" });
    expect(await eve.next("audio_play_request")).toMatchObject({ requestId: "for eve" });
    eve.send({ type: "audio_play_response", requestId: "for ada", success: true });
    await expectAlive(adasApp, ada, "r2");
    expect([...ada.rest, ...eve.rest, ...adasApp.rest]).toEqual([]);
  });
});

describe("BAD-1 a bad message", () => {
  const big = JSON.stringify(playRequest("r1", { audioUrl: `http://x/${"a".repeat(70_000)}` }));
  const fromApp: [string, string | object | Buffer, object][] = [
    ["no JSON", "nonsense{", { code: "invalid_json" }],
    ["no object", "[1]", { code: "invalid_json" }],
    ["no type", { requestId: "r" }, { code: "invalid_message", field: "type" }],
    ["an unknown type", { type: "dance" }, { code: "unknown_type", field: "type" }],
    [
      "a missing field",
      { type: "audio_play_request", packageName: app, requestId: "r" },
      { field: "audioUrl" },
    ],
    ["a wrong field", playRequest("r", { volume: "loud" }), { code: "invalid_message", field: "volume" }],
    ["a field out of range", playRequest("r", { trackId: 7 }), { code: "invalid_message", field: "trackId" }],
    ["too large", big, { code: "too_large" }],
    ["binary", Buffer.from([1, 2, 3]), { code: "invalid_message" }],
    ["another app's", playRequest("r", {}, otherApp), { code: "forbidden", field: "packageName" }],
    ["another session's", playRequest("r", {}, app, "eve"), { code: "forbidden", field: "sessionId" }],
    ["a second hello", init(), { code: "forbidden", field: "type" }],
  ];

  it.each(fromApp)(
    "BAD-1 of an app (%s) is answered, counted and survived",
    async (_what, message, error) => {
      const glasses = await connectGlasses(cloud);
      const peer = await connectApp(cloud);
      peer.send(message);
      expect(await peer.next("websocket_error")).toMatchObject({ message: expect.any(String), ...error });
      expect(await metric(cloud, "cloud_bad_messages_total")).toBe(1);
      await expectAlive(peer, glasses, "after");
      expect(glasses.rest).toEqual([]);
    },
  );

  it("BAD-1 of the glasses is answered, counted and survived", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    for (const message of ["nonsense", { type: "audio_play_response", requestId: "r" }, { type: "dance" }]) {
      glasses.send(message);
      expect(await glasses.next("websocket_error")).toHaveProperty("code");
    }
    expect(await metric(cloud, "cloud_bad_messages_total")).toBe(3);
    await expectAlive(peer, glasses, "after");
  });

  it("BAD-1 that is for another part of the platform is counted and not answered", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    peer.send({ type: "display_event", packageName: app, layout: {} });
    peer.send({ type: "subscription_update", packageName: app, subscriptions: ["button_press"] });
    glasses.send({ type: "head_position", position: "up" });
    glasses.send(Buffer.alloc(640));
    await expectAlive(peer, glasses, "after");
    expect([...peer.rest, ...glasses.rest]).toEqual([]);
    expect(await metric(cloud, "cloud_ignored_messages_total")).toBe(3);
  });
});

it("CL-26 without the room no pair of durations is logged", async () => {
  const glasses = await connectGlasses(cloud);
  const peer = await connectApp(cloud);
  await expectAlive(peer, glasses, "r1");
  expect(cloud.logLines.filter(({ msg }) => msg === "play durations")).toEqual([]);
});
