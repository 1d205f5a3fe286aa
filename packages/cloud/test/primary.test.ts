import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { ScriptedBridge } from "../../bridge-client/test/scripted-bridge.js";
import { connectApp, connectGlasses, playRequest, postApp, reconnectApp } from "./clients.js";
import { app, liveKit, metric, otherApp, startTestCloud, type TestCloud } from "./fixtures.js";
import type { Peer } from "./peer.js";
import { RoomService } from "./room-service.js";
import { completed, started } from "./speaker-world.js";
import { WebhookServer } from "./webhook-server.js";

let webhook: WebhookServer;
let bridge: ScriptedBridge;
let rooms: RoomService;
let cloud: TestCloud;
let glasses: Peer;
let peer: Peer;

beforeEach(async () => {
  webhook = await WebhookServer.start();
  bridge = await ScriptedBridge.start();
  rooms = await RoomService.start();
  cloud = await startTestCloud({
    webhookUrl: webhook.url,
    liveKit: { ...liveKit, url: rooms.url },
    bridge: { url: bridge.url, secret: undefined },
    playbackMode: "primary",
    listenerWaitMs: 300,
    roomTimeoutMs: 800,
  });
  glasses = await connectGlasses(cloud);
  peer = await connectApp(cloud);
});

afterEach(async () => {
  await cloud.close();
  await bridge.close();
  await rooms.close();
  await webhook.close();
});

/** Lets the bridge say these events when it gets a play. */
function onPlay(events: (requestId: string) => BridgeEvent[]): void {
  bridge.onCommand = (socket, command) => {
    if (command.action === "play_url") {
      say(socket, ...events(command.requestId));
    }
  };
}

function say(socket: WebSocket, ...events: BridgeEvent[]): void {
  for (const event of events) {
    socket.send(JSON.stringify(event));
  }
}

function sayAll(...events: BridgeEvent[]): void {
  bridge.each((socket) => say(socket, ...events));
}

async function told(count: number): Promise<BridgeCommand[]> {
  await vi.waitFor(() => expect(bridge.commands).toHaveLength(count));
  return bridge.commands;
}

/** Shows that nothing more comes: what was sent before is answered before what is sent now. */
async function expectNothingMore(): Promise<void> {
  peer.send({ type: "nonsense" });
  await peer.next("websocket_error");
  glasses.send({ type: "nonsense" });
  await glasses.next("websocket_error");
  expect([...peer.rest, ...glasses.rest]).toEqual([]);
}

/** The glasses get the play, answer, and the app gets that and nothing else. */
async function expectFallback(requestId: string): Promise<void> {
  expect(await glasses.next("audio_play_request")).toMatchObject({ requestId });
  glasses.send({ type: "audio_play_response", requestId, success: true, duration: 1.5 });
  expect(await peer.next("audio_play_response")).toMatchObject({ requestId, success: true, duration: 1.5 });
  await expectNothingMore();
}

describe("PRI-2 the app is told", () => {
  it.each<[string, BridgeEvent[], object]>([
    ["a whole sound", [started("r1"), completed("r1", 2317)], { success: true, duration: 2.317 }],
    [
      "an interrupted one",
      [
        started("r1"),
        {
          type: "play_complete",
          requestId: "r1",
          success: false,
          error: "cancelled",
          reason: "replaced",
          durationMs: 400,
        },
      ],
      { success: false, duration: 0.4, error: "cancelled: The play was stopped before its end." },
    ],
    [
      "one that broke off",
      [
        started("r1"),
        { type: "play_complete", requestId: "r1", success: false, error: "source_stalled", durationMs: 900 },
      ],
      { success: false, duration: 0.9, error: "source_stalled: The audio's server stopped sending data." },
    ],
    [
      "one that was not there",
      [{ type: "play_complete", requestId: "r1", success: false, error: "http_status", durationMs: 0 }],
      { success: false, error: "http_status: The audio's server answered with an error status." },
    ],
  ])("PRI-2 of %s, once", async (_what, events, answer) => {
    onPlay(() => [...events, ...events]);
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ requestId: "r1", ...answer });
    await expectNothingMore();
  });

  it("PRI-9 a request that comes again is the same play, and is answered again", async () => {
    onPlay((requestId) => [started(requestId)]);
    peer.send(playRequest("r1"));
    peer.send(playRequest("r1"));
    await told(1);
    sayAll(completed("r1"));
    const first = await peer.next("audio_play_response");
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ ...first, timestamp: expect.anything() });
    await expectNothingMore();
    expect(bridge.commands).toHaveLength(1);
  });

  it("PRI-9 another app's requestId is refused, during the play and after it", async () => {
    const chess = await connectApp(cloud, otherApp);
    onPlay((requestId) => [started(requestId)]);
    peer.send(playRequest("r1"));
    await told(1);
    const refused = { requestId: "r1", success: false, error: expect.stringMatching(/^request_in_use: /) };
    chess.send(playRequest("r1", {}, otherApp));
    expect(await chess.next("audio_play_response")).toMatchObject(refused);
    sayAll(completed("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ success: true });
    chess.send(playRequest("r1", {}, otherApp));
    expect(await chess.next("audio_play_response")).toMatchObject(refused);
    expect(bridge.commands).toHaveLength(1);
  });

  it("PRI-10 after it was away, within the grace time", async () => {
    onPlay((requestId) => [started(requestId)]);
    peer.send(playRequest("r1"));
    await told(1);
    await peer.cut();
    await vi.waitFor(() => expect(cloud.logLines.some(({ msg }) => msg === "app away")).toBe(true));
    sayAll(completed("r1"));
    await vi.waitFor(() => expect(cloud.logLines.some(({ msg }) => msg === "play ended")).toBe(true));
    const back = await reconnectApp(cloud);
    expect(await back.next("audio_play_response")).toMatchObject({ requestId: "r1", success: true });
  });

  it("PRI-10 even while its glasses are away: the room hears it", async () => {
    onPlay((requestId) => [started(requestId), completed(requestId)]);
    await glasses.close();
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ requestId: "r1", success: true });
  });

  it("PRI-11 of the end of what plays when the server goes, before its socket closes", async () => {
    onPlay((requestId) => [started(requestId)]);
    peer.send(playRequest("r1"));
    await told(1);
    await cloud.close();
    expect(await peer.next("audio_play_response")).toMatchObject({
      requestId: "r1",
      success: false,
      error: expect.stringMatching(/^cancelled/),
    });
  });
});

describe("PRI-6 a room that cannot play", () => {
  const faults: [string, () => unknown][] = [
    ["has no bridge", () => bridge.close()],
    ["has a bridge that refuses the secret", () => bridge.become({ refuseAll: true })],
    ["has a bridge that never greets", () => bridge.become({ onConnection: () => {} })],
    ["has a bridge that is full", () => onPlay((id) => [failed(id, "at_capacity")])],
    ["cannot be joined", () => onPlay((id) => [failed(id, "join_failed")])],
    [
      "has a bridge that refuses the command",
      () => onPlay((requestId) => [{ type: "error", error: "internal", requestId }]),
    ],
    ["has a bridge that says nothing", () => {}],
    [
      "has no ears",
      () => {
        rooms.identities = ["server-playback-1", "somebody"];
      },
    ],
    ["is not known by its server", () => rooms.close()],
    [
      "has a server that says nothing",
      () => {
        rooms.isMute = true;
      },
    ],
  ];

  it.each(faults)("PRI-6 because it %s leaves the sound to the glasses, once", async (_what, arrange) => {
    await arrange();
    peer.send(playRequest("r1"));
    await expectFallback("r1");
    expect(await metric(cloud, "server_playback_fallback_total")).toBe(1);
  });

  it("PRI-6 is stopped first where it is only late: what it has must not sound later", async () => {
    const stops: BridgeCommand[] = [];
    bridge.onCommand = (socket, command) => {
      if (command.action === "stop_playback") {
        stops.push(command);
        say(socket, failed(command.requestId ?? "", "cancelled"));
      }
    };
    peer.send(playRequest("r1"));
    await expectFallback("r1");
    expect(stops).toMatchObject([{ action: "stop_playback", requestId: "r1", reason: "room_timeout" }]);
  });

  it("PRI-6 but sounded before the stop came is no case for the glasses", async () => {
    bridge.onCommand = (socket, command) => {
      if (command.action === "stop_playback") {
        say(socket, started("r1"), { ...failed("r1", "cancelled"), durationMs: 240 });
      }
    };
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ success: false, duration: 0.24 });
    await expectNothingMore();
  });

  it("PRI-6 but is joined may take its time with a slow source", async () => {
    bridge.onCommand = (socket, command) => {
      if (command.action === "play_url") {
        say(socket, { type: "room_joined", roomName: "r", identity: "i" });
        setTimeout(() => say(socket, started("r1"), completed("r1")), 1_200);
      }
    };
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({ success: true });
    await expectNothingMore();
  });

  it("PRI-6 rests after a bridge that is away: the next play goes to the glasses at once", async () => {
    await bridge.close();
    peer.send(playRequest("r1"));
    await expectFallback("r1");
    rooms.identities = []; // would take the whole wait
    peer.send(playRequest("r2"));
    await expectFallback("r2");
    expect(cloud.logLines.filter(({ msg }) => msg === "no bridge: server playback rests")).toHaveLength(1);
  });

  it("PRI-6 with the glasses away as well is told with the room's code", async () => {
    await bridge.close();
    await glasses.close();
    peer.send(playRequest("r1"));
    expect(await peer.next("audio_play_response")).toMatchObject({
      requestId: "r1",
      success: false,
      error: expect.stringMatching(/^bridge_unavailable: /),
    });
  });

  it("PRI-4 lets a fallback that stops others end what sounds in the room, and the other way round", async () => {
    onPlay((requestId) => (requestId === "r2" ? [failed(requestId, "join_failed")] : [started(requestId)]));
    peer.send(playRequest("r1"));
    await told(1);
    peer.send(playRequest("r2", { stopOtherAudio: true }));
    await glasses.next("audio_play_request");
    await vi.waitFor(() =>
      expect(bridge.commands.at(-1)).toMatchObject({
        action: "stop_playback",
        requestId: "r1",
        reason: "replaced",
      }),
    );
    peer.send(playRequest("r3"));
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app });
  });

  it("PRI-3 a stop reaches a play that fell back", async () => {
    onPlay((requestId) => [failed(requestId, "join_failed")]);
    peer.send(playRequest("r1"));
    await glasses.next("audio_play_request");
    peer.send({ type: "audio_stop_request", packageName: app });
    expect(await glasses.next("audio_stop_request")).toMatchObject({ appId: app });
  });
});

describe("LIM-2 the rate of plays", () => {
  it("LIM-2 of one app has an end, with its code, and harms no other app", async () => {
    const chess = await connectApp(cloud, otherApp);
    onPlay((requestId) => [started(requestId), completed(requestId)]);
    for (let i = 0; i < 25; i++) {
      peer.send(playRequest(`r${i}`));
    }
    const answers = await Promise.all(Array.from({ length: 25 }, () => peer.next("audio_play_response")));
    const tooFast = answers.filter(({ error }) => String(error).startsWith("plays_too_fast: "));
    expect(tooFast.length).toBeGreaterThan(0);
    expect(tooFast.length).toBeLessThanOrEqual(5);
    chess.send(playRequest("its own", {}, otherApp));
    expect(await chess.next("audio_play_response")).toMatchObject({ success: true });
    expect(await metric(cloud, "server_playback_refused_total")).toBe(tooFast.length);
  });
});

it("PRI-12 an app that is stopped hears no more of its plays, and they end", async () => {
  onPlay((requestId) => [started(requestId)]);
  peer.send(playRequest("r1"));
  await told(1);
  await postApp(cloud, "stop");
  expect(bridge.commands.at(-1)).toMatchObject({ action: "stop_playback", reason: "app_stopped" });
});

function failed(requestId: string, error: "at_capacity" | "join_failed" | "cancelled") {
  return { type: "play_complete", requestId, success: false, error, durationMs: 0 } as const;
}
