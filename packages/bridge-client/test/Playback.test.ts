import { setImmediate } from "node:timers/promises";
import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type BridgeSession, connect, PlaybackError } from "../src/index.js";
import { greeting, ScriptedBridge } from "./scripted-bridge.js";

let bridge: ScriptedBridge;
let client: BridgeSession;

/** Answers pings as a bridge does, and each other command as `events` says. */
function answer(events: (command: BridgeCommand) => BridgeEvent[]): void {
  bridge.onCommand = (socket, command) => {
    const answers: BridgeEvent[] =
      command.action === "ping" ? [{ type: "pong", requestId: command.requestId }] : events(command);
    for (const event of answers) {
      socket.send(JSON.stringify(event));
    }
  };
}

function tell(event: BridgeEvent): void {
  bridge.each((socket) => socket.send(JSON.stringify(event)));
}

const started = (requestId: string): BridgeEvent => ({
  type: "play_started",
  requestId,
  firstFrameLatencyMs: 3,
  joinMs: 0,
  codec: "mp3",
  sampleRate: 44100,
  channels: 2,
});
const cancelled = (requestId: string, reason: string): BridgeEvent => ({
  type: "play_complete",
  requestId,
  success: false,
  error: "cancelled",
  reason,
  durationMs: 40,
});

beforeEach(async () => {
  bridge = await ScriptedBridge.start();
  client = await connect(bridge.url);
});

afterEach(async () => {
  await client.close();
  await bridge.close();
});

it("OPS-40 a play tells its start, its position and its end", async () => {
  answer((command) => (command.action === "play_url" ? [started(command.requestId)] : []));
  const play = client.play({ url: "http://x.example/a.mp3", roomName: "lobby", token: "t" });
  expect((await play.started).codec).toBe("mp3");
  const progress = new Promise<number>((resolve) =>
    play.on("progress", ({ positionMs }) => resolve(positionMs)),
  );
  const { requestId } = play;
  tell({ type: "play_progress", requestId, positionMs: 1000, bufferedMs: 500 });
  expect(await progress).toBe(1000);
  expect(play.positionMs).toBe(1000);
  tell({ type: "play_complete", requestId, success: true, durationMs: 2317 });
  expect(await play.finished).toEqual({ outcome: "completed", durationMs: 2317 });
  expect(play.isOver).toBe(true);
  expect(await play.stop()).toEqual({ outcome: "completed", durationMs: 2317 });
  expect(bridge.commands.filter(({ action }) => action === "stop_playback")).toEqual([]);
});

it("OPS-40 controls reach the bridge in order, and resolve when it has taken them", async () => {
  answer((command) => (command.action === "play_url" ? [started(command.requestId)] : []));
  const play = client.play({ url: "http://x.example/a.mp3", requestId: "r1" });
  await play.pause();
  await play.seek(5000);
  await play.setVolume(0.5, 100);
  await play.resume();
  expect(bridge.commands.filter(({ action }) => action !== "ping")).toEqual([
    { action: "play_url", url: "http://x.example/a.mp3", requestId: "r1" },
    { action: "pause_playback", requestId: "r1" },
    { action: "seek_playback", requestId: "r1", positionMs: 5000 },
    { action: "set_volume", requestId: "r1", volume: 0.5, rampMs: 100 },
    { action: "resume_playback", requestId: "r1" },
  ]);
});

it("OPS-40 a refused control fails its call and leaves the play alone", async () => {
  answer((command) =>
    command.action === "seek_playback"
      ? [{ type: "error", requestId: command.requestId, error: "invalid_command", field: "positionMs" }]
      : [],
  );
  const play = client.play({ url: "http://x.example/a.mp3" });
  await play.pause();
  await expect(play.seek(1)).rejects.toMatchObject({ code: "refused", bridgeError: "invalid_command" });
  expect(play.isOver).toBe(false);
});

it("OPS-40 stop and an aborted signal end the play, whatever it has come to", async () => {
  answer((command) =>
    command.action === "stop_playback" && command.requestId !== undefined
      ? [cancelled(command.requestId, command.reason ?? "")]
      : [],
  );
  const stopped = client.play({ url: "http://x.example/a.mp3" });
  expect(await stopped.stop()).toEqual({ outcome: "stopped", durationMs: 40, reason: "user" });
  await expect(stopped.started).rejects.toMatchObject({ code: "aborted" });

  const abort = new AbortController();
  const aborted = client.play({ url: "http://x.example/a.mp3", signal: abort.signal });
  abort.abort();
  expect(await aborted.finished).toMatchObject({ outcome: "stopped", reason: "aborted" });

  const never = client.play({ url: "http://x.example/a.mp3", signal: AbortSignal.abort() });
  await expect(never.finished).rejects.toMatchObject({ code: "aborted" });
});

it("OPS-40 a failure carries the bridge's code, and nobody has to wait for it", async () => {
  answer((command) =>
    command.action === "play_url"
      ? [
          {
            type: "play_complete",
            requestId: command.requestId,
            success: false,
            error: "http_status",
            message: "404",
            durationMs: 0,
          },
        ]
      : [],
  );
  const play = client.play({ url: "http://x.example/missing.mp3" });
  await expect(play.finished).rejects.toThrow(new PlaybackError("http_status", "404", 0));
  await expect(play.started).rejects.toMatchObject({ code: "http_status" });
  client.play({ url: "http://x.example/missing.mp3" });
  await setImmediate();
});

it("OPS-40 a refused play, a wrong option and a lost connection end the play with their reason", async () => {
  answer((command) =>
    command.action === "play_url"
      ? [{ type: "error", requestId: command.requestId, error: "invalid_command", field: "roomName" }]
      : [],
  );
  await expect(
    client.play({ url: "http://x.example/a.mp3", roomName: "other" }).finished,
  ).rejects.toMatchObject({
    code: "refused",
  });
  await expect(client.play({ url: "http://x.example/a.mp3", volume: 2 }).finished).rejects.toMatchObject({
    code: "invalid_command",
  });
  answer(() => []);
  const play = client.play({ url: "http://x.example/a.mp3" });
  await play.pause();
  bridge.each((socket) => socket.terminate());
  await expect(play.finished).rejects.toMatchObject({ code: "closed" });
  await expect(play.pause()).rejects.toMatchObject({ code: "closed" });
});

it("OPS-40 an interrupted session asks again for its plays, and their end is told", async () => {
  await client.close();
  bridge.onConnection = (socket) =>
    socket.send(JSON.stringify({ ...greeting, sessionId: "key", resumed: true }));
  client = await connect(bridge.url);
  answer(() => []);
  const play = client.play({ url: "http://x.example/a.mp3", requestId: "r1" });
  await play.pause();
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  bridge.each((socket) => socket.terminate());
  await resumed;
  await play.resume();
  tell({ type: "play_complete", requestId: "r1", success: true, durationMs: 5 });
  expect(await play.finished).toEqual({ outcome: "completed", durationMs: 5 });
  expect(bridge.commands.filter(({ action }) => action === "play_url")).toHaveLength(2);
});
