import { setImmediate } from "node:timers/promises";
import { decodeJwt } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { closeCodes } from "../src/index.js";
import { connectApp, connectGlasses, init, playRequest, postApp, reconnectApp } from "./clients.js";
import {
  apiKey,
  app,
  appTokenSecret,
  glassesToken,
  liveKit,
  metric,
  otherApp,
  sign,
  startTestCloud,
  type TestCloud,
  type TestCloudOptions,
  user,
} from "./fixtures.js";
import { Peer } from "./peer.js";
import { TimerLedger } from "./timer-ledger.js";
import { WebhookServer } from "./webhook-server.js";

let webhook: WebhookServer;
let cloud: TestCloud;

async function restartWith(options: TestCloudOptions): Promise<void> {
  await cloud.close();
  cloud = await startTestCloud({ webhookUrl: webhook.url, ...options });
}

beforeEach(async () => {
  webhook = await WebhookServer.start();
  cloud = await startTestCloud({ webhookUrl: webhook.url });
});

afterEach(async () => {
  await cloud.close();
  await webhook.close();
});

describe("CL-1 glasses", () => {
  it("CL-1 with a valid token get an acknowledgement", async () => {
    const glasses = await Peer.connect(`${cloud.url}/glasses-ws?token=${await glassesToken()}`);
    const ack = await glasses.next("connection_ack");
    expect(ack).toMatchObject({ userSession: { userId: user } });
    expect(ack).not.toHaveProperty("livekit");
  });

  it.each(["?livekit=true", ""])(
    "CL-1 that ask for the room (%s) may listen in it and nothing else",
    async (query) => {
      await restartWith({ liveKit });
      const glasses = await Peer.connect(`${cloud.url}/glasses-ws${query}`, {
        authorization: `Bearer ${await glassesToken()}`,
        ...(query === "" ? { livekit: "true" } : {}),
      });
      const { livekit } = (await glasses.next("connection_ack")) as unknown as {
        livekit: { url: string; roomName: string; token: string };
      };
      expect(livekit.url).toBe(liveKit.publicUrl);
      expect(livekit.roomName).not.toContain("ada");
      const { video, exp = 0 } = decodeJwt<{ video: object }>(livekit.token);
      expect(video).toEqual({
        room: livekit.roomName,
        roomJoin: true,
        canPublish: false,
        canSubscribe: true,
        canPublishData: false,
        canUpdateOwnMetadata: false,
      });
      expect(exp - Date.now() / 1000).toBeLessThanOrEqual(120);
    },
  );

  it("CL-1 may ask for the room later, and hear when there is none", async () => {
    const without = await connectGlasses(cloud);
    without.send({ type: "livekit_init" });
    expect(await without.next("connection_error")).toMatchObject({ code: "no_room" });
    await restartWith({ liveKit });
    const glasses = await connectGlasses(cloud);
    glasses.send({ type: "livekit_init", mode: "subscribe" });
    expect(await glasses.next("livekit_info")).toMatchObject({ url: liveKit.publicUrl });
  });

  it("CL-1 that connect anew replace the connection before", async () => {
    const first = await connectGlasses(cloud);
    const second = await connectGlasses(cloud);
    expect(await first.closed).toEqual(closeCodes.replaced);
    second.send({ type: "connection_init" });
    expect(await second.next("connection_ack")).toBeDefined();
    expect(await metric(cloud, "cloud_sessions")).toBe(1);
  });
});

describe("CL-2 apps", () => {
  it("CL-2 are started and stopped by their webhooks", async () => {
    expect(await postApp(cloud, "start")).toMatchObject({
      status: 200,
      body: { status: "started", sessionId: `${user}-${app}` },
    });
    const peer = await reconnectApp(cloud);
    expect(await postApp(cloud, "start")).toMatchObject({ status: 200, body: { status: "running" } });
    expect(await postApp(cloud, "stop")).toMatchObject({ status: 200, body: { status: "stopped" } });
    expect(webhook.requests).toMatchObject([
      {
        type: "session_request",
        sessionId: `${user}-${app}`,
        userId: user,
        mentraOSWebsocketUrl: `${cloud.url.replace("http", "ws")}/app-ws`,
      },
      { type: "stop_request", sessionId: `${user}-${app}`, reason: "user_disabled" },
    ]);
    expect(await peer.next("app_stopped")).toMatchObject({ reason: "user_disabled" });
    expect(await peer.closed).toEqual(closeCodes.appStopped);
  });

  it("CL-2 are told the public URL, if there is one", async () => {
    await restartWith({ publicUrl: "https://cloud.example/v1" });
    await postApp(cloud, "start");
    expect(webhook.requests).toMatchObject([{ mentraOSWebsocketUrl: "wss://cloud.example/v1/app-ws" }]);
  });

  it("CL-2 count as started once they have connected, whenever the webhook answers", async () => {
    webhook.status = undefined;
    const started = postApp(cloud, "start");
    await vi.waitFor(() => expect(webhook.requests).toHaveLength(1));
    await reconnectApp(cloud);
    expect(await started).toMatchObject({ status: 200, body: { status: "started" } });
  });

  it("CL-2 that refuse are not let in", async () => {
    webhook.status = 500;
    expect(await postApp(cloud, "start")).toMatchObject({ status: 502, body: { error: "app_unavailable" } });
    const peer = await Peer.connect(`${cloud.url}/app-ws`);
    peer.send(init());
    expect(await peer.next("tpa_connection_error")).toMatchObject({ code: "not_started" });
  });

  it("CL-2 that cannot be reached are an answer, not a wait", async () => {
    await webhook.close();
    expect(await postApp(cloud, "start")).toMatchObject({ status: 502 });
    expect(await postApp(cloud, "stop")).toMatchObject({ status: 502 });
    webhook = await WebhookServer.start();
  });

  it.each([
    ["an unknown app", "/apps/com.example.nobody/start", 404],
    ["another path", "/apps", 404],
  ])("CL-2 answers %s with its status", async (_what, path, status) => {
    const headers = { authorization: `Bearer ${await glassesToken()}` };
    expect((await fetch(`${cloud.url}${path}`, { method: "POST", headers })).status).toBe(status);
  });

  it("CL-2 are started by POST and with a token alone", async () => {
    const url = `${cloud.url}/apps/${app}/start`;
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(url, { method: "POST" })).status).toBe(401);
    const wrong = await glassesToken(user, "another-secret-of-32-characters!!");
    const headers = { authorization: `Bearer ${wrong}` };
    const refused = await fetch(url, { method: "POST", headers });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: "invalid_token" });
  });

  it("CL-2 may show a token with user and session in the headers instead of the key", async () => {
    await postApp(cloud, "start");
    const sessionId = `${user}-${app}`;
    for (const claims of [
      { packageName: app, apiKey },
      { packageName: app, userId: user, sessionId },
    ]) {
      const peer = await Peer.connect(`${cloud.url}/app-ws`, {
        authorization: `Bearer ${await sign(claims, appTokenSecret)}`,
        "x-user-id": user,
        "x-session-id": sessionId,
      });
      expect(await peer.next("tpa_connection_ack")).toMatchObject({ sessionId });
    }
  });
});

describe("BAD-2 a wrong key or token", () => {
  const refusals: [string, object, string][] = [
    ["a wrong key", init(app, user, "not the key"), "invalid_api_key"],
    ["another app's key", init(app, user, "a-key-of-another-app"), "invalid_api_key"],
    ["an unknown package", init("com.example.nobody"), "invalid_api_key"],
    ["another package's session", { ...init(), sessionId: `${user}-${otherApp}` }, "session_mismatch"],
    ["a session of nobody", { ...init(), sessionId: `-${app}` }, "session_mismatch"],
    ["a user who has not started it", init(app, "eve@example.com"), "not_started"],
  ];

  it.each(refusals)("BAD-2 %s is refused with a reason", async (_what, message, code) => {
    await postApp(cloud, "start");
    const peer = await Peer.connect(`${cloud.url}/app-ws`);
    peer.send(message);
    expect(await peer.next("tpa_connection_error")).toMatchObject({ code });
    expect(await peer.closed).toEqual(closeCodes.refused);
    expect(await metric(cloud, "cloud_refused_connections_total")).toBe(1);
  });

  const tokens: [string, () => Promise<string>, string][] = [
    [
      "signed by another",
      () => sign({ packageName: app }, "another-secret-of-32-characters!!"),
      "invalid_token",
    ],
    ["of the glasses", () => glassesToken(), "invalid_token"],
    ["with a wrong key", () => sign({ packageName: app, apiKey: "no" }, appTokenSecret), "invalid_api_key"],
    ["of another user", () => sign({ packageName: app, userId: "eve" }, appTokenSecret), "session_mismatch"],
    ["of another app", () => sign({ packageName: otherApp }, appTokenSecret), "session_mismatch"],
  ];

  it.each(tokens)("BAD-2 an app's token %s is refused with a reason", async (_what, token, code) => {
    await postApp(cloud, "start");
    const peer = await Peer.connect(`${cloud.url}/app-ws`, {
      authorization: `Bearer ${await token()}`,
      "x-user-id": user,
      "x-session-id": `${user}-${app}`,
    });
    expect(await peer.next("tpa_connection_error")).toMatchObject({ code });
    expect(await peer.closed).toEqual(closeCodes.refused);
  });

  it.each([
    ["x-user-id", "eve@example.com"],
    ["x-session-id", `eve@example.com-${app}`],
  ])("BAD-2 an app's token beside an %s of another session is refused with a reason", async (name, value) => {
    await postApp(cloud, "start");
    const peer = await Peer.connect(`${cloud.url}/app-ws`, {
      authorization: `Bearer ${await sign({ packageName: app }, appTokenSecret)}`,
      "x-user-id": user,
      "x-session-id": `${user}-${app}`,
      [name]: value,
    });
    expect(await peer.next("tpa_connection_error")).toMatchObject({ code: "session_mismatch" });
  });

  it("BAD-2 glasses without a valid token are refused with a reason", async () => {
    const tokens = ["", "?token=nonsense", `?token=${await sign({ name: "no email" }, appTokenSecret)}`];
    for (const query of tokens) {
      const glasses = await Peer.connect(`${cloud.url}/glasses-ws${query}`);
      expect(await glasses.next("auth_error")).toHaveProperty("message");
      expect(await glasses.closed).toEqual(closeCodes.refused);
    }
    expect(await metric(cloud, "cloud_sessions")).toBe(0);
  });
});

describe("an anonymous socket", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("BAD-2 is closed when no credentials come in time, whatever else it says", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const peer = await Peer.connect(`${cloud.url}/app-ws`);
    peer.send(playRequest("r1"));
    await peer.next("websocket_error");
    vi.advanceTimersByTime(4_999);
    await setImmediate();
    expect(peer.isOpen).toBe(true);
    vi.advanceTimersByTime(1);
    expect(await peer.closed).toEqual(closeCodes.authenticationTimeout);
  });

  it("BAD-2 is answered a few bad messages and no more", async () => {
    const peer = await Peer.connect(`${cloud.url}/app-ws`);
    for (let i = 0; i < 20; i++) {
      peer.send("nonsense");
    }
    expect(await peer.closed).toEqual(closeCodes.authenticationTimeout);
    expect(peer.rest.filter(({ type }) => type === "websocket_error")).toHaveLength(8);
  });
});

describe("CL-4 a session's end", () => {
  it("CL-4 comes when the glasses stayed away for the grace time, and tells the apps", async () => {
    await restartWith({ sessionGraceMs: 100 });
    const glasses = await connectGlasses(cloud);
    const connected = await connectApp(cloud);
    const away = await connectApp(cloud, otherApp);
    await glasses.close();
    await away.cut();
    expect(await connected.next("app_stopped")).toMatchObject({ reason: "system_stop" });
    expect(await connected.closed).toEqual(closeCodes.sessionEnded);
    await vi.waitFor(async () => expect(await metric(cloud, "cloud_sessions")).toBe(0));
    await vi.waitFor(() =>
      expect(webhook.requests.filter(({ type }) => type === "stop_request")).toMatchObject([
        { sessionId: `${user}-${otherApp}` },
      ]),
    );
  });

  it("CL-4 does not come when the glasses are back in time", async () => {
    await restartWith({ sessionGraceMs: 300 });
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    await glasses.cut();
    const back = await connectGlasses(cloud);
    peer.send(playRequest("r1"));
    expect(await back.next("audio_play_request")).toMatchObject({ requestId: "r1" });
    expect(peer.isOpen).toBe(true);
  });

  it("CL-4 with the server's asks everybody to come again", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    const anonymous = await Peer.connect(`${cloud.url}/app-ws`);
    const closed = cloud.close();
    expect(cloud.close()).toBeInstanceOf(Promise);
    for (const socket of [glasses, peer, anonymous]) {
      expect(await socket.closed).toEqual(closeCodes.restarting);
    }
    await closed;
    await expect(fetch(`${cloud.url}/healthz`)).rejects.toThrow();
  });

  it("CL-4 gives up what it asked of an app", async () => {
    webhook.status = undefined;
    const started = postApp(cloud, "start").catch(() => "cut off");
    await vi.waitFor(() => expect(webhook.requests).toHaveLength(1));
    await cloud.close();
    await vi.waitFor(() => expect(webhook.hungUp).toBe(1));
    expect(await started).not.toMatchObject({ status: 200 });
  });

  it("CL-4 leaves no timer behind, with glasses that never came", async () => {
    const timers = new TimerLedger();
    try {
      await postApp(cloud, "start");
      expect(timers.live).toHaveLength(2); // the session's grace time, and the app's
      await cloud.close();
      expect(timers.live).toEqual([]);
    } finally {
      timers.restore();
    }
  });

  it("CL-4 leaves no timer behind", async () => {
    const timers = new TimerLedger();
    try {
      await restartWith({ liveKit });
      const glasses = await connectGlasses(cloud, user, "?livekit=true");
      const peer = await connectApp(cloud);
      await postApp(cloud, "start", { packageName: otherApp });
      const anonymous = await Peer.connect(`${cloud.url}/app-ws`);
      peer.send(playRequest("r1"));
      await glasses.next("audio_play_request");
      expect(timers.live.length).toBeGreaterThan(0);
      await cloud.close();
      await Promise.all([glasses.closed, peer.closed, anonymous.closed]);
      expect(timers.live).toEqual([]);
    } finally {
      timers.restore();
    }
  });
});

describe("HTTP", () => {
  it("says alive, ready, and what it counts", async () => {
    expect((await fetch(`${cloud.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${cloud.url}/readyz`)).status).toBe(200);
    const text = await (await fetch(`${cloud.url}/metrics`)).text();
    for (const name of [
      "server_playback_started_total",
      "server_playback_completed_total",
      "server_playback_failed_total",
      "server_playback_cancelled_total",
      "server_playback_duration_ms",
      "server_playback_first_frame_latency_ms",
      "server_playback_bridge_error_total",
    ]) {
      expect(text).toContain(`# TYPE ${name}`);
    }
  });

  it("refuses an upgrade on another path", async () => {
    await expect(Peer.connect(`${cloud.url}/elsewhere`)).rejects.toThrow("404");
  });

  it("REPO-2 a port in use is an error that names the port and the variable", async () => {
    const port = Number(new URL(cloud.url).port);
    await expect(startTestCloud({ port })).rejects.toThrow(new RegExp(`Port ${port} .*CLOUD_PORT`));
  });
});
