import { randomBytes } from "node:crypto";
import {
  type Bridge,
  choosePort,
  isServerSilence,
  type SampleApp,
  Stack,
  startBridge,
  TcpProxy,
} from "@server-playback/simulator";
import { RoomServiceClient } from "livekit-server-sdk";
import { afterEach, describe, expect, inject, it, vi } from "vitest";
import { expectNoSecrets } from "./harness/no-secrets.js";
import { Stage, serveTone } from "./harness/Stage.js";
import { stackEnv } from "./harness/stack-env.js";

const closers: (() => Promise<unknown>)[] = [];

let logDir = "";

/** Faults make programs talkative: what was printed about them is looked through each time. */
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close();
  }
  expectNoSecrets(logDir, [inject("liveKit").apiSecret, "do-not-print"]);
});

function own<T extends { close(): Promise<unknown> }>(part: T): T {
  closers.push(() => part.close());
  return part;
}

function env(settings: Readonly<Record<string, string>> = {}) {
  const { url, apiKey, apiSecret } = inject("liveKit");
  const liveKit = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
  const folder = `tests/recovery-${randomBytes(3).toString("hex")}`;
  const made = stackEnv({ SERVER_PLAYBACK_MODE: "primary", ...liveKit, ...settings }, folder);
  logDir = made.logDir;
  return made;
}

/** The longest time in which no packet of sound arrived, between the first and the last, in ms. */
function longestSilence(stage: Stage, sinceMs: number): number {
  const packets = (stage.ears?.packets(sinceMs) ?? []).filter(({ payload }) => !isServerSilence(payload));
  const times = packets.map(({ atMs }) => atMs).sort((a, b) => a - b);
  return times.reduce((longest, at, i) => Math.max(longest, at - (times[i - 1] ?? at)), 0);
}

function print(what: string, silenceMs: number): void {
  process.stdout.write(`${what}: ${silenceMs.toFixed(0)} ms of silence\n`);
}

describe("REC-44 the bridge is killed in the middle of a sound", () => {
  it("REC-44 goes on with the next bridge within 2 s, where it was, and the app is told once", async () => {
    const stack = own(await Stack.start({ ...env(), bridges: 2 }));
    const stage = own(await Stage.set(stack));
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 5));
    await stage.heardFor(1_500, askedAt);
    await stack.parts.bridges[0]?.kill();
    const result = await played;
    await stage.ears?.quiet(300);
    const silenceMs = longestSilence(stage, askedAt);
    print("bridge killed, another one up", silenceMs);
    expect(silenceMs).toBeLessThan(2_000);
    expect(result).toMatchObject({ success: true });
    expect(Math.abs((result.duration ?? 0) - 5)).toBeLessThan(0.4);
    const publishers = new Set(stage.ears?.tracks.map(({ publisher }) => publisher));
    expect(publishers.size).toBe(2);
    expect(stage.askedOfGlasses).toEqual([]);
    const ends = stack.parts.cloud.log.filter(({ msg }) => msg === "play ended");
    expect(ends).toHaveLength(1);
  });
});

describe("REC-43 the socket to the bridge is cut", () => {
  it("REC-43 nothing is heard of it, and the app is told of the end", async () => {
    const settings = env();
    const bridge: Bridge = own(await startBridge(settings, inject("liveKit").url, "bridge"));
    const proxy = own(await TcpProxy.start(bridge.url));
    const stack = own(await Stack.start({ ...settings, bridgeUrl: `ws://${proxy.host}/ws` }));
    const stage = own(await Stage.set(stack));
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 3));
    await stage.heardFor(800, askedAt);
    proxy.cut();
    const result = await played;
    await stage.ears?.quiet(300);
    const silenceMs = longestSilence(stage, askedAt);
    print("socket to the bridge cut", silenceMs);
    expect(silenceMs).toBeLessThan(200);
    expect(result).toMatchObject({ success: true, duration: expect.closeTo(3, 1) });
    expect(stage.ears?.tracks).toHaveLength(1);
    expect(
      stack.parts.cloud.log.some(({ msg }) => msg === "the connection to the bridge is there again"),
    ).toBe(true);
  });
});

describe("REC-45 the cloud is killed", () => {
  it("REC-45 the bridge leaves its rooms after the grace time", async () => {
    const stack = own(await Stack.start(env({ SESSION_GRACE_MS: "1000" })));
    const stage = own(await Stage.set(stack));
    const askedAt = Date.now();
    stage.play(serveTone(stack, 20)).catch(() => {});
    await stage.heardFor(300, askedAt);
    const { url, apiKey, apiSecret } = inject("liveKit");
    const rooms = new RoomServiceClient(url.replace(/^ws/, "http"), apiKey, apiSecret);
    const { roomName } = stage.glasses.room;
    expect(await rooms.listParticipants(roomName)).toHaveLength(2);
    await stack.parts.cloud.kill();
    await vi.waitFor(
      async () => {
        const left = await rooms.listParticipants(roomName);
        expect(left.map(({ identity }) => identity)).toEqual(["glasses"]);
      },
      { timeout: 10_000, interval: 100 },
    );
  });
});

describe("REC-46 the app's socket is cut", () => {
  it("REC-46 the SDK comes back by itself and gets the answer that waited for it", async () => {
    const cloudPort = await choosePort("CLOUD_PORT", {}, false);
    const proxy = own(await TcpProxy.start(`http://127.0.0.1:${cloudPort}`));
    const settings = { CLOUD_PORT: String(cloudPort), PUBLIC_URL: `http://${proxy.host}` };
    const stack = own(await Stack.start(env(settings)));
    const stage = own(await Stage.set(stack));
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 1));
    await stage.heardFor(300, askedAt);
    proxy.isDown = true;
    proxy.cut();
    await stack.parts.cloud.waitForLog("the end", ({ msg }) => msg === "play ended" || undefined);
    proxy.isDown = false;
    expect(await played).toMatchObject({ success: true, duration: expect.closeTo(1, 1) });
    const app: SampleApp = stack.app;
    expect(await app.play(stage.userId, { audioUrl: serveTone(stack, 0.3) })).toMatchObject({
      success: true,
    });
  });
});

describe("REC-47 SIGTERM on the cloud", () => {
  it("REC-47 lets what sounds end, takes nothing new, says so, and ends with 0", async () => {
    const stack = own(await Stack.start(env({ DRAIN_TIMEOUT_MS: "10000" })));
    const stage = own(await Stage.set(stack));
    const { cloud } = stack.parts;
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 2));
    await stage.heardFor(300, askedAt);
    cloud.terminate();
    await vi.waitFor(async () => expect((await fetch(`${cloud.url}/readyz`)).status).toBe(503));
    const refused = stage.play(serveTone(stack, 0.3));
    expect(await refused).toMatchObject({ success: false, error: expect.stringMatching(/^draining: /) });
    expect(await played).toMatchObject({ success: true, duration: expect.closeTo(2, 1) });
    expect(await cloud.exited()).toBe(0);
    expect(Math.abs((await stage.heardMs(askedAt)) - 2_000)).toBeLessThan(60);
  });

  it("REC-47 ends what is too long, and the app is told", async () => {
    const stack = own(await Stack.start(env({ DRAIN_TIMEOUT_MS: "500" })));
    const stage = own(await Stage.set(stack));
    const askedAt = Date.now();
    const played = stage.play(serveTone(stack, 30));
    await stage.heardFor(300, askedAt);
    stack.parts.cloud.terminate();
    expect(await played).toMatchObject({ success: false, error: expect.stringMatching(/^cancelled: /) });
    expect(await stack.parts.cloud.exited()).toBe(0);
  });
});
