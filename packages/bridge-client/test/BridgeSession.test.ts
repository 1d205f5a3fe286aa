import { setImmediate } from "node:timers/promises";
import type { BridgeEvent } from "@server-playback/protocol";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { BridgeClient, BridgeSession, type LostReason } from "../src/index.js";
import { greeting, ScriptedBridge } from "./scripted-bridge.js";

let bridge: ScriptedBridge;
beforeEach(async () => {
  bridge = await ScriptedBridge.start();
});
afterEach(() => bridge.close());

const pong = (seq: number) => ({ type: "pong", seq, requestId: `p${seq}` });

/** Greets, and says these events in the same breath. */
function greet(resumed: boolean, ...events: object[]): (socket: WebSocket) => void {
  return (socket) => {
    for (const event of [{ ...greeting, sessionId: "key", resumed }, ...events]) {
      socket.send(JSON.stringify(event));
    }
  };
}

/** A session and everything that it told. */
async function session(resumeTimeoutMs = 5_000) {
  const opened = await BridgeSession.connect(bridge.url, { resumeTimeoutMs });
  const seqs: (number | undefined)[] = [];
  const told: string[] = [];
  opened.on("event", (event: BridgeEvent) => seqs.push("seq" in event ? event.seq : undefined));
  opened.on("interrupted", () => told.push("interrupted"));
  opened.on("resumed", () => told.push("resumed"));
  opened.on("close", () => told.push("close"));
  const lost = new Promise<LostReason>((resolve) => opened.on("lost", ({ reason }) => resolve(reason)));
  return { opened, seqs, told, lost };
}

it("REC-1 events that come with the greeting reach listeners added at once", async () => {
  bridge.onConnection = greet(true, pong(8), pong(9));
  const client = await BridgeClient.connect(bridge.url, { resume: { sessionId: "key", after: 7 } });
  const seqs: unknown[] = [];
  client.on("pong", ({ seq }) => seqs.push(seq));
  await vi.waitFor(() => expect(seqs).toEqual([8, 9]));
  expect(bridge.paths).toEqual(["/ws?session=key&after=7"]);
  expect(client).toMatchObject({ sessionId: "key", lastSeq: 9, resumed: true });
  await client.close();
});

it("REC-1 a lost connection is made again; events are neither missed nor doubled", async () => {
  bridge.onConnection = greet(false, pong(1), pong(2));
  const { opened, seqs, told } = await session();
  await vi.waitFor(() => expect(seqs).toEqual([1, 2]));
  bridge.onConnection = greet(true, pong(2), pong(3));
  bridge.each((socket) => socket.terminate());
  await vi.waitFor(() => expect(seqs).toEqual([1, 2, 3]));
  expect(bridge.paths[1]).toBe("/ws?session=key&after=2");
  expect(told).toEqual(["interrupted", "resumed"]);
  opened.send({ action: "ping" });
  await vi.waitFor(() => expect(bridge.commands).toHaveLength(1));
  await opened.close();
  expect(told.at(-1)).toBe("close");
});

it("REC-1 commands are refused while there is no connection", async () => {
  bridge.onConnection = greet(false);
  const { opened } = await session();
  const interrupted = new Promise((resolve) => opened.on("interrupted", resolve));
  bridge.refuseAll = true;
  bridge.each((socket) => socket.terminate());
  await interrupted;
  expect(opened.isOpen).toBe(false);
  expect(() => opened.send({ action: "ping" })).toThrow(expect.objectContaining({ code: "closed" }));
  await opened.close();
});

it("REC-3 a bridge that does not know the session any more has lost it", async () => {
  bridge.onConnection = greet(false);
  const { told, lost } = await session();
  bridge.each((socket) => socket.terminate());
  expect(await lost).toBe("forgotten");
  await vi.waitFor(() => expect(told).toEqual(["interrupted", "close"]));
});

it("REC-3 a session is lost when no connection comes about in time", async () => {
  bridge.onConnection = greet(false);
  const { lost } = await session(50);
  bridge.refuseAll = true;
  bridge.each((socket) => socket.terminate());
  expect(await lost).toBe("unreachable");
});

it.each([
  [4001, "taken_over"],
  [1001, "bridge_closed"],
])("REC-2 a connection closed with %i is not made again", async (code, reason) => {
  bridge.onConnection = greet(false);
  const { lost } = await session();
  bridge.each((socket) => socket.close(code));
  expect(await lost).toBe(reason);
  await setImmediate();
  expect(bridge.paths).toHaveLength(1);
});

it("a bridge without sessions loses them with the connection", async () => {
  const { lost } = await session();
  bridge.each((socket) => socket.terminate());
  expect(await lost).toBe("bridge_closed");
});

it("an end that this side wants stops the attempts", async () => {
  bridge.onConnection = greet(false);
  const { opened, told } = await session();
  bridge.refuseAll = true;
  bridge.each((socket) => socket.terminate());
  await vi.waitFor(() => expect(told).toEqual(["interrupted"]));
  await opened.close();
  await opened.close();
  expect(told).toEqual(["interrupted", "close"]);
});
