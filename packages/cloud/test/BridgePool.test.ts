import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { type BridgeLoad, BridgePool, type BridgePoolOptions } from "../src/BridgePool.js";

const load = (activeStreams: number, more: Partial<BridgeLoad> = {}): BridgeLoad => ({
  isReady: true,
  capacity: 60,
  activeStreams,
  sessions: 0,
  ...more,
});

/** A pool of bridges with these loads, in a time that stands still. */
function pool(loads: Record<string, BridgeLoad | undefined>, options: Partial<BridgePoolOptions> = {}) {
  let now = 0;
  const made = new BridgePool({
    urls: Object.keys(loads).map((name) => `ws://${name}:8080/ws`),
    resolve: async (host) => [host],
    probe: async (url) => loads[new URL(url).hostname],
    now: () => now,
    ...options,
  });
  const names = async () => (await made.candidates()).map((url) => new URL(url).hostname);
  return { pool: made, names, pass: (ms: number) => (now += ms) };
}

/** How often each bridge is the first choice. */
async function firsts(names: () => Promise<string[]>, times: number): Promise<Record<string, number>> {
  const count: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const [first = "none"] = await names();
    count[first] = (count[first] ?? 0) + 1;
  }
  return count;
}

describe("POOL choosing a bridge", () => {
  test("POOL-1 of two bridges the one with more free capacity is first, and the other follows", async () => {
    const { names } = pool({ full: load(40), free: load(10) });
    expect(await names()).toEqual(["free", "full"]);
  });

  test("POOL-1 capacity counts, not streams alone: a small bridge is full sooner", async () => {
    const { names } = pool({ small: load(8, { capacity: 10 }), large: load(20, { capacity: 100 }) });
    expect(await names()).toEqual(["large", "small"]);
  });

  test("POOL-2 a bridge that drains, is full or does not answer gets nothing new", async () => {
    const { names } = pool({ drains: load(0, { isReady: false }), dead: undefined, good: load(59) });
    expect(await names()).toEqual(["good"]);
  });

  test("POOL-3 when no bridge is good, all are tried all the same", async () => {
    const { names } = pool({ drains: load(0, { isReady: false }), dead: undefined });
    expect(await names()).toEqual(["drains", "dead"]);
  });

  test("POOL-4 sessions sent to a bridge count before it tells of them: equal bridges share equally", async () => {
    const { names } = pool({ a: load(0), b: load(0), c: load(0) });
    for (const times of Object.values(await firsts(names, 30))) {
      expect(times).toBeGreaterThanOrEqual(7);
      expect(times).toBeLessThanOrEqual(13);
    }
  });

  test("POOL-4 the fullest of three is never first", async () => {
    const { names } = pool({ a: load(0), b: load(5), c: load(59) });
    expect(await firsts(names, 20)).not.toHaveProperty("c");
  });

  test("POOL-5 a bridge that could not be reached is left alone for a while, then tried again", async () => {
    const { pool: bridges, names, pass } = pool({ a: load(0), b: load(50) });
    bridges.report("ws://a:8080/ws", "unreachable");
    expect(await names()).toEqual(["b"]);
    pass(10_001);
    expect(await names()).toEqual(["a", "b"]);
  });

  test("POOL-6 every address of a name is a bridge; a new one is found, one that went is not", async () => {
    let addresses = ["10.0.0.1", "10.0.0.2"];
    const probe = async () => load(0);
    const { names, pass } = pool({ bridges: load(0) }, { resolve: async () => addresses, probe });
    expect((await names()).sort()).toEqual(["10.0.0.1", "10.0.0.2"]);
    addresses = ["10.0.0.2", "10.0.0.3"];
    pass(1_001);
    expect((await names()).sort()).toEqual(["10.0.0.2", "10.0.0.3"]);
  });

  test("POOL-6 behind wss a name stays one, since its certificate is for the name", async () => {
    const bridges = new BridgePool({
      urls: ["wss://bridges/ws"],
      resolve: async () => ["10.0.0.1", "10.0.0.2"],
      probe: async () => load(0),
    });
    expect(await bridges.candidates()).toEqual(["wss://bridges/ws"]);
  });

  test("POOL-7 bridges are asked at most once a second, whoever needs one", async () => {
    let asked = 0;
    const probe = async () => {
      asked++;
      return load(0);
    };
    const { names, pass } = pool({ a: load(0) }, { probe });
    await Promise.all([names(), names(), names()]);
    await names();
    expect(asked).toBe(1);
    pass(1_001);
    await names();
    expect(asked).toBe(2);
  });

  test("POOL-8 the load is read from the headers of /readyz, and readiness from its status", async () => {
    const [full, free, closing] = await Promise.all([serve(200, 40), serve(200, 10), serve(503, 0)]);
    const bridges = new BridgePool({ urls: [full.url, free.url, closing.url, "ws://127.0.0.1:9/ws"] });
    expect(await bridges.candidates()).toEqual([free.url, full.url]);
    await Promise.all([full, free, closing].map((server) => server.close()));
  });
});

/** What a bridge answers at `/readyz`. */
async function serve(status: number, activeStreams: number) {
  const headers = { "bridge-capacity": 60, "bridge-active-streams": activeStreams, "bridge-sessions": 0 };
  const server = createServer((request, response) =>
    response.writeHead(request.url === "/readyz" ? status : 404, headers).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `ws://127.0.0.1:${port}/ws`, close };
}
