import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LoginThrottle } from "../src/LoginThrottle.js";
import { TokenBucket } from "../src/token-bucket.js";
import { connectApp, connectGlasses, init, playRequest } from "./clients.js";
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

describe("LIM-1 the rate of messages", () => {
  it("LIM-1 has an end, which is said, and after which the socket goes on", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    for (let i = 0; i < 150; i++) {
      peer.send({ type: "subscription_update", packageName: app, subscriptions: [] });
    }
    expect(await peer.next("websocket_error")).toMatchObject({ code: "rate_limited" });
    let answered: unknown;
    for (let i = 0; answered === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50)); // the rate comes back with time alone
      peer.send(playRequest(`r${i}`));
      answered = glasses.rest.find(({ type }) => type === "audio_play_request");
    }
    expect(peer.isOpen).toBe(true);
  });

  it("LIM-1 of a flood ends the socket, and nobody else notices", async () => {
    const glasses = await connectGlasses(cloud);
    const flooding = await connectApp(cloud);
    const other = await connectApp(cloud, otherApp);
    for (let i = 0; i < 1_000; i++) {
      flooding.send({ type: "subscription_update", packageName: app, subscriptions: [] });
    }
    expect(await flooding.closed).toMatchObject({ code: 1008, reason: "Too many messages" });
    other.send(playRequest("r1", {}, otherApp));
    expect(await glasses.next("audio_play_request")).toMatchObject({ requestId: "r1" });
  });

  it("LIM-1 does not count the microphone", async () => {
    const glasses = await connectGlasses(cloud);
    const peer = await connectApp(cloud);
    for (let i = 0; i < 1_000; i++) {
      glasses.send(Buffer.alloc(320));
    }
    peer.send(playRequest("r1"));
    await glasses.next("audio_play_request");
    glasses.send({ type: "audio_play_response", requestId: "r1", success: true });
    expect(await peer.next("audio_play_response")).toMatchObject({ requestId: "r1" });
    expect(await metric(cloud, "cloud_ignored_messages_total")).toBe(1_000);
  });
});

describe("LIM-4 refused logins", () => {
  async function tryKey(key: string): Promise<number> {
    const startedAt = performance.now();
    const peer = await Peer.connect(`${cloud.url}/app-ws`);
    peer.send(init(app, user, key));
    await peer.next("tpa_connection_error");
    return performance.now() - startedAt;
  }

  it("LIM-4 take longer and longer, of apps and of glasses; a right one does not", async () => {
    for (let i = 0; i < 6; i++) {
      await tryKey(`guess ${i}`);
    }
    expect(await tryKey("one more guess")).toBeGreaterThan(700);
    const startedAt = performance.now();
    const glasses = await Peer.connect(`${cloud.url}/glasses-ws?token=wrong`);
    await glasses.next("auth_error");
    expect(performance.now() - startedAt).toBeGreaterThan(1_400);
    const rightAt = performance.now();
    await connectGlasses(cloud);
    await connectApp(cloud);
    expect(performance.now() - rightAt).toBeLessThan(1_000);
  });

  it("LIM-4 are held back by address, for 5 s at most, and forgiven after a minute", () => {
    let now = 0;
    const throttle = new LoginThrottle(() => now);
    const delays = Array.from({ length: 12 }, () => throttle.refused("a"));
    expect(delays).toEqual([0, 0, 0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    expect(throttle.refused("b")).toBe(0);
    now += 60_001;
    expect(throttle.refused("a")).toBe(0);
  });
});

it("LIM-1 a bucket lets a burst through, then the rate", () => {
  let now = 0;
  const bucket = new TokenBucket(10, 3, () => now);
  const take = (times: number) => Array.from({ length: times }, () => bucket.take()).filter(Boolean).length;
  expect(take(5)).toBe(3);
  now += 250;
  expect(take(5)).toBe(2);
  now += 60_000;
  expect(take(5)).toBe(3);
});
