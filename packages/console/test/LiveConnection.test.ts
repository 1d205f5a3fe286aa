import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { LiveMessage } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { backoffMs } from "../src/live/backoff.js";
import { LiveConnection } from "../src/live/LiveConnection.js";
import type { Link } from "../src/state/state.js";

const snapshot = JSON.stringify({ type: "snapshot", sessions: [], jobs: [] });

let server: WebSocketServer;
let live: LiveConnection | undefined;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
});

afterEach(async () => {
  live?.close();
  for (const socket of server.clients) {
    socket.terminate();
  }
  server.close();
  await once(server, "close");
});

/** A connection to the server, with what it told. */
function connect(mayRetry = async () => true) {
  const { port } = server.address() as AddressInfo;
  const links: Link["state"][] = [];
  const batches: (readonly LiveMessage[])[] = [];
  const told = new EventTarget();
  live = new LiveConnection({
    open: () => new WebSocket(`ws://127.0.0.1:${port}`) as unknown as globalThis.WebSocket,
    onMessages: (messages) => {
      batches.push(messages);
      told.dispatchEvent(new Event("messages"));
    },
    onLink: ({ state }) => {
      links.push(state);
      told.dispatchEvent(new Event(state));
    },
    mayRetry,
    random: () => 0,
  });
  const next = (what: string) =>
    new Promise<void>((resolve) => told.addEventListener(what, () => resolve(), { once: true }));
  return { links, batches, next };
}

describe("the live socket", () => {
  test("CON-11 is open once the snapshot has come, and hands a burst over at once", async () => {
    server.on("connection", (socket) => {
      socket.send(snapshot);
      for (let index = 0; index < 100; index++) {
        socket.send(JSON.stringify({ type: "session_ended", userId: `u${index}` }));
      }
    });
    const { links, batches, next } = connect();
    while (batches.flat().length < 101) {
      await next("messages");
    }
    expect(links).toEqual(["connecting", "open"]);
    expect(batches.length).toBeLessThan(20);
  });

  test("CON-11 comes back by itself after the server was away, and takes the new snapshot", async () => {
    server.on("connection", (socket) => socket.send(snapshot));
    const { links, batches, next } = connect();
    await next("messages");
    for (const socket of server.clients) {
      socket.terminate();
    }
    await next("messages");
    expect(links).toEqual(["connecting", "open", "waiting", "connecting", "open"]);
    expect(batches.flat()).toHaveLength(2);
  });

  test("CON-11 ignores what it does not know", async () => {
    server.on("connection", (socket) => {
      socket.send("no JSON");
      socket.send(JSON.stringify({ type: "of a newer server" }));
      socket.send(snapshot);
    });
    const { batches, next } = connect();
    await next("messages");
    expect(batches.flat().map(({ type }) => type)).toEqual(["snapshot"]);
  });

  test("CON-31 does not come back when it was refused", async () => {
    server.on("connection", (socket) => socket.close(4401, "refused"));
    const links = await new Promise<Link["state"][]>((resolve) => {
      const connected = connect(async () => {
        setImmediate(() => resolve(connected.links));
        return false;
      });
    });
    expect(links).toEqual(["connecting", "waiting"]);
  });

  test("CON-11 waits longer each time, up to a bound, and not all pages at once", () => {
    expect([0, 1, 2, 20].map((attempt) => backoffMs(attempt, () => 1))).toEqual([300, 600, 1_200, 10_000]);
    expect(backoffMs(20, () => 0)).toBe(5_000);
  });
});
