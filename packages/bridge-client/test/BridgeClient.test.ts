import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BridgeClient, type BridgeClosed } from "../src/index.js";
import { greeting, ScriptedBridge } from "./scripted-bridge.js";

const play: BridgeCommand = { action: "play_url", requestId: "r1", url: "http://x.example/a.mp3" };
const started = {
  type: "play_started",
  requestId: "r1",
  firstFrameLatencyMs: 3,
  joinMs: 0,
  codec: "mp3",
  sampleRate: 44100,
  channels: 2,
} as const;

let bridge: ScriptedBridge;

beforeEach(async () => {
  vi.useFakeTimers({
    shouldAdvanceTime: true,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  });
  bridge = await ScriptedBridge.start();
});

afterEach(async () => {
  await bridge.close();
  await setImmediate(); // a server is closed a turn before the last of its sockets
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("connect", () => {
  it("resolves with the greeting", async () => {
    const client = await BridgeClient.connect(bridge.url);
    expect(client.isOpen).toBe(true);
    expect(client.bridge).toEqual(greeting);
    await client.close();
  });

  it("shows the secret, and says when it is refused", async () => {
    const guarded = await ScriptedBridge.start("the-right-secret");
    const client = await BridgeClient.connect(guarded.url, { secret: "the-right-secret" });
    expect(guarded.authorization).toEqual(["Bearer the-right-secret"]);
    await client.close();
    await expect(BridgeClient.connect(guarded.url, { secret: "wrong" })).rejects.toMatchObject({
      code: "unauthorized",
    });
    await guarded.close();
  });

  it("fails when nobody listens, without the URL's query in the error", async () => {
    const gone = await ScriptedBridge.start();
    const { url } = gone;
    await gone.close();
    const error = await BridgeClient.connect(`${url}?token=hidden`).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "connect_failed" });
    expect(String(error)).not.toContain("hidden");
  });

  it("fails on a URL that is none", async () => {
    await expect(BridgeClient.connect("not a url")).rejects.toMatchObject({ code: "connect_failed" });
  });

  it("fails when an HTTP server answers something else", async () => {
    const server = createServer((_request, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await expect(BridgeClient.connect(`ws://127.0.0.1:${port}/ws`)).rejects.toMatchObject({
      code: "connect_failed",
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("gives up when no greeting comes", async () => {
    bridge.onConnection = () => {};
    await expect(BridgeClient.connect(bridge.url, { connectTimeoutMs: 50 })).rejects.toMatchObject({
      code: "timeout",
    });
  });

  it("fails when the connection ends before the greeting", async () => {
    bridge.onConnection = (socket) => socket.close();
    await expect(BridgeClient.connect(bridge.url)).rejects.toMatchObject({ code: "closed" });
  });

  it("can be given up before and while it connects", async () => {
    await expect(BridgeClient.connect(bridge.url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
    const abort = new AbortController();
    bridge.onConnection = () => abort.abort();
    await expect(BridgeClient.connect(bridge.url, { signal: abort.signal })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("events", () => {
  it("come by type and all together, in order", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const all: BridgeEvent[] = [];
    client.on("event", (event) => all.push(event));
    const codec = new Promise<string>((resolve) =>
      client.on("play_started", (event) => resolve(event.codec)),
    );
    bridge.onCommand = (socket) => {
      socket.send(JSON.stringify({ type: "error", error: "join_failed" }));
      socket.send(JSON.stringify(started));
    };
    client.send(play);
    expect(await codec).toBe("mp3");
    expect(all.map((event) => event.type)).toEqual(["error", "play_started"]);
    await client.close();
  });

  it("that this client cannot read are counted and change nothing", async () => {
    const client = await BridgeClient.connect(bridge.url);
    bridge.onCommand = (socket) => {
      for (const text of ["{", '{"type":"from_the_future"}', '{"type":"play_started"}']) {
        socket.send(text);
      }
      socket.send(JSON.stringify({ type: "pong", requestId: "ping-1" }));
    };
    await client.ping();
    expect(client.unreadableFrames).toBe(3);
    await client.close();
  });

  it("carry a participant's sound as binary frames", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const pcm = new Promise<Buffer>((resolve) => client.on("pcm", resolve));
    bridge.onCommand = (socket) => socket.send(Buffer.from([1, 0, 2, 0]));
    client.send({ action: "subscribe_enable" });
    expect([...(await pcm)]).toEqual([1, 0, 2, 0]);
    await client.close();
  });

  it("stop for a listener that has left", async () => {
    const client = await BridgeClient.connect(bridge.url);
    let heard = 0;
    const leave = client.on("pong", () => heard++);
    bridge.onCommand = (socket, command) =>
      socket.send(JSON.stringify({ type: "pong", requestId: command.requestId }));
    await client.ping();
    leave();
    await client.ping();
    expect(heard).toBe(1);
    await client.close();
  });
});

describe("send", () => {
  it("refuses what the protocol does not know, and names the field", async () => {
    const client = await BridgeClient.connect(bridge.url);
    expect(() => client.send({ ...play, volume: 2 } as BridgeCommand)).toThrow(/"volume"/);
    expect(() => client.send({ action: "dance" } as never)).toThrow(
      expect.objectContaining({ code: "invalid_command" }),
    );
    expect(bridge.commands).toEqual([]);
    await client.close();
  });

  it("fails after close", async () => {
    const client = await BridgeClient.connect(bridge.url);
    await client.close();
    expect(() => client.send(play)).toThrow(expect.objectContaining({ code: "closed" }));
    await expect(client.sendPcm(new Uint8Array(2))).rejects.toMatchObject({ code: "closed" });
  });

  it("passes PCM on, and refuses more when too much waits", async () => {
    const client = await BridgeClient.connect(bridge.url);
    await client.sendPcm(new Uint8Array([1, 2]));
    bridge.each((socket) => socket.pause());
    const flood = async () => {
      const sends = [];
      for (let i = 0; i < 200; i++) {
        sends.push(client.sendPcm(new Uint8Array(256 * 1024)));
      }
      await Promise.all(sends);
    };
    await expect(flood()).rejects.toMatchObject({ code: "overflow" });
    bridge.each((socket) => socket.terminate());
    await client.close();
  });
});

describe("request", () => {
  it("resolves with its answer and rejects with the bridge's refusal", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const start = () =>
      client.request(play, (event) =>
        event.type === "play_started" ? event.firstFrameLatencyMs : undefined,
      );
    bridge.onCommand = (socket) => socket.send(JSON.stringify(started));
    expect(await start()).toBe(3);
    bridge.onCommand = (socket) =>
      socket.send(JSON.stringify({ type: "error", error: "at_capacity", requestId: "r1" }));
    await expect(start()).rejects.toMatchObject({ code: "refused", bridgeError: "at_capacity" });
    await client.close();
  });

  it("is bounded, and can be given up", async () => {
    const client = await BridgeClient.connect(bridge.url);
    await expect(client.ping({ timeoutMs: 20 })).rejects.toMatchObject({ code: "timeout" });
    const abort = new AbortController();
    const pinged = client.ping({ signal: abort.signal });
    abort.abort();
    await expect(pinged).rejects.toMatchObject({ code: "aborted" });
    await client.close();
  });

  it("rejects when the command is invalid, and when the connection ends", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const never = () => undefined;
    await expect(client.request({ action: "dance" } as never, never)).rejects.toMatchObject({
      code: "invalid_command",
    });
    const waiting = [client.ping(), client.ping()];
    bridge.each((socket) => socket.terminate());
    for (const wait of waiting) {
      await expect(wait).rejects.toMatchObject({ code: "closed" });
    }
    await expect(client.ping()).rejects.toMatchObject({ code: "closed" });
    await client.close();
  });
});

describe("close", () => {
  it("is one end, whoever asks and how often", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const ends: BridgeClosed[] = [];
    client.on("close", (end) => ends.push(end));
    const waiting = client.ping();
    const first = client.close();
    expect(client.close()).toBe(first);
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    await first;
    await client.close();
    expect(ends).toEqual([{ wanted: true, code: 1000 }]);
  });

  it("tells of an end that nobody here wanted", async () => {
    const client = await BridgeClient.connect(bridge.url);
    const end = new Promise<BridgeClosed>((resolve) => client.on("close", resolve));
    bridge.each((socket) => socket.close(1012));
    expect(await end).toEqual({ wanted: false, code: 1012 });
    await client.close();
  });

  it("does not wait for a bridge that no longer reads", async () => {
    const client = await BridgeClient.connect(bridge.url);
    bridge.each((socket) => socket.pause());
    await client.close();
    expect(client.isOpen).toBe(false);
  });
});

it("a connection on which nothing comes any more is cut", async () => {
  const client = await BridgeClient.connect(bridge.url, { heartbeatMs: 20 });
  const end = new Promise<BridgeClosed>((resolve) => client.on("close", resolve));
  bridge.each((socket) => socket.pause());
  expect(await end).toMatchObject({ wanted: false });
});
