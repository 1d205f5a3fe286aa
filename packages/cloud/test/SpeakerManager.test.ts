import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import type { SpeechPlay } from "../src/SpeechPlayer.js";
import { SpeechError } from "../src/speech/SpeechError.js";
import { app, otherApp } from "./fixtures.js";
import { completed, request, SpeakerWorld, started } from "./speaker-world.js";

describe("start", () => {
  it("CL-21 opens one connection with the first play, and says what to play", async () => {
    const world = new SpeakerWorld();
    expect(world.attempts).toHaveLength(0);
    await world.start(request("r1", { volume: 0.5, stopOtherAudio: false, trackId: 1 }));
    await world.start(request("r2"));
    expect(world.connections).toHaveLength(1);
    expect(world.commands).toMatchObject([
      { action: "play_url", requestId: "r1", volume: 0.5, stopOther: false, trackId: 1 },
      { action: "play_url", requestId: "r2", volume: 1, stopOther: true, trackId: 0 },
    ]);
    await world.speaker.dispose();
  });

  it("CL-21 gives the bridge tokens that can publish and nothing else, with an identity a connection", async () => {
    const identities = new Set();
    for (const world of [new SpeakerWorld(), new SpeakerWorld()]) {
      await world.start(request("r1"));
      const [command] = world.commands;
      const { roomName, token = "" } = command as { roomName?: string; token?: string };
      const { video, sub, exp = 0 } = decodeJwt<{ video: object }>(token);
      expect(video).toEqual({
        room: roomName,
        roomJoin: true,
        canPublish: true,
        canSubscribe: false,
        canPublishData: false,
        canUpdateOwnMetadata: false,
      });
      expect(sub).toMatch(/^server-playback-/);
      expect(exp - Date.now() / 1000).toBeLessThanOrEqual(120);
      identities.add(sub);
      await world.speaker.dispose();
    }
    expect(identities.size).toBe(2);
  });

  it("CL-21 sends plays in the order in which they were asked for", async () => {
    const world = new SpeakerWorld();
    const starts = ["r1", "r2", "r3", "r4"].map((id) => world.speaker.start(request(id)));
    await world.settle();
    world.attempts.shift()?.succeed();
    await Promise.all(starts);
    expect(world.commands.map(({ requestId }) => requestId)).toEqual(["r1", "r2", "r3", "r4"]);
    await world.speaker.dispose();
  });

  it("CL-22 takes a request that comes twice as one play, before and after its end", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    await world.start(request("r1"));
    world.connection.say(completed("r1"));
    await world.start(request("r1"));
    expect(world.commands).toHaveLength(1);
    expect(await world.count("server_playback_started_total")).toBe(1);
    await world.speaker.dispose();
  });

  it("CL-20 does nothing when it is off", async () => {
    const world = new SpeakerWorld(false);
    await world.speaker.start(request("r1"));
    expect(world.attempts).toEqual([]);
    expect(await world.count("server_playback_started_total")).toBe(0);
    await world.speaker.dispose();
  });

  it("LIM-3 takes no more plays at once than a room can bear, of one app and of all", async () => {
    const world = new SpeakerWorld();
    for (const [index, packageName] of [app, otherApp, "com.example.third"].entries()) {
      for (let i = 0; i < 20; i++) {
        await world.start(request(`r${index}-${i}`, { packageName }));
      }
    }
    const ofApp = (name: string) => world.speaker.jobs.filter(({ packageName }) => packageName === name);
    expect([ofApp(app).length, ofApp(otherApp).length]).toEqual([16, 16]);
    expect(world.speaker.jobs).toHaveLength(32);
    await world.speaker.dispose();
  });
});

describe("a play's way", () => {
  it("CL-22 goes from pending through streaming to completed", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    expect(world.speaker.jobs).toMatchObject([{ requestId: "r1", state: "pending" }]);
    world.connection.say(started("r1"));
    expect(world.speaker.jobs).toMatchObject([{ state: "streaming", firstFrameLatencyMs: 3 }]);
    world.connection.say(completed("r1"));
    expect(world.speaker.jobs).toEqual([]);
    expect(world.ends("r1")).toMatchObject([{ state: "completed", durationMs: 2317 }]);
    await world.speaker.dispose();
  });

  it("CL-25 is counted", async () => {
    const world = new SpeakerWorld();
    for (const id of ["heard", "failed", "replaced"]) {
      await world.start(request(id));
      world.connection.say(started(id));
      world.connection.say(started(id));
    }
    world.connection.say(completed("heard"));
    world.connection.say({
      type: "play_complete",
      requestId: "failed",
      success: false,
      error: "source_stalled",
      durationMs: 0,
    });
    world.connection.say({
      type: "play_complete",
      requestId: "replaced",
      success: false,
      error: "cancelled",
      reason: "replaced",
      durationMs: 40,
    });
    world.connection.say({ type: "error", error: "room_lost" });
    expect(await world.count("server_playback_started_total")).toBe(3);
    expect(await world.count("server_playback_completed_total")).toBe(1);
    expect(await world.count("server_playback_failed_total")).toBe(1);
    expect(await world.count("server_playback_cancelled_total")).toBe(1);
    expect(await world.count("server_playback_bridge_error_total")).toBe(1);
    const text = await world.metrics.registry.metrics();
    expect(text).toContain("server_playback_first_frame_latency_ms_count 3");
    expect(text).toContain("server_playback_duration_ms_sum 2357");
    expect(text).toContain("server_playback_duration_ms_count 2");
    expect(world.ends("failed")).toMatchObject([{ state: "error", error: "source_stalled" }]);
    expect(world.ends("replaced")).toMatchObject([{ state: "cancelled", reason: "replaced" }]);
    await world.speaker.dispose();
  });

  it("CL-22 ends with a refusal of its command, but not once it streams", async () => {
    const world = new SpeakerWorld();
    await world.start(request("refused"));
    await world.start(request("streams"));
    world.connection.say(started("streams"));
    for (const requestId of ["refused", "streams", "stranger"]) {
      world.connection.say({ type: "error", error: "at_capacity", requestId });
    }
    expect(world.ends("refused")).toMatchObject([{ state: "error", error: "at_capacity" }]);
    expect(world.speaker.jobs).toMatchObject([{ requestId: "streams" }]);
    await world.speaker.dispose();
  });

  it("CL-22 that brought no audio is not tried again, and says so once", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say({
      type: "play_complete",
      requestId: "r1",
      success: false,
      error: "unsupported_format",
    });
    await world.start(request("r2"));
    expect(world.commands).toHaveLength(1);
    expect(world.log.filter(({ error }) => error === "unsupported_format")).toHaveLength(1);
    await world.start(request("r3", { audioUrl: "https://sounds.example/other.mp3" }));
    expect(world.commands).toHaveLength(2);
    await world.speaker.dispose();
  });

  it("answers the bridge's question for a token with a fresh one for its room", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    const [play] = world.commands as { roomName: string; token: string }[];
    world.connection.say({ type: "token_needed", roomName: "somebody else's" });
    world.connection.say({ type: "token_needed", roomName: play?.roomName ?? "" });
    const answers = () =>
      world.commands.filter(({ action }) => action === "join_room") as { token: string }[];
    await vi.waitFor(() => expect(answers()).toMatchObject([{ roomName: play?.roomName }]));
    expect(decodeJwt(answers()[0]?.token ?? "").sub).toBe(decodeJwt(play?.token ?? "").sub);
    await world.speaker.dispose();
  });
});

describe("stop", () => {
  const stop = { type: "audio_stop_request", packageName: app } as const;

  it("CL-24 stops the app's sounds, all or those of one layer, and no other app's", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r0", { trackId: 0 }));
    await world.start(request("r2", { trackId: 2 }));
    await world.start(request("other", { packageName: otherApp }));
    await world.speaker.stop({ ...stop, trackId: 2 });
    const stops = () => world.commands.filter(({ action }) => action === "stop_playback");
    expect(stops()).toEqual([{ action: "stop_playback", requestId: "r2", reason: "user" }]);
    await world.speaker.stop(stop);
    expect(stops().map(({ requestId }) => requestId)).toEqual(["r2", "r0", "r2"]);
    expect(world.speaker.jobs).toHaveLength(3); // the bridge has the last word
    await world.speaker.dispose();
  });

  it("CL-22 before the bridge knows of it cancels a play that nobody will hear", async () => {
    const world = new SpeakerWorld();
    const start = world.speaker.start(request("r1"));
    await world.settle();
    await world.speaker.stop(stop);
    expect(world.ends("r1")).toMatchObject([{ state: "cancelled", reason: "user" }]);
    world.attempts.shift()?.succeed();
    await start;
    expect(world.commands).toEqual([]);
    await world.speaker.dispose();
  });

  it("CL-24 of nothing is no error", async () => {
    const world = new SpeakerWorld();
    await world.speaker.stop(stop);
    expect(world.log).toEqual([]);
    await world.speaker.dispose();
  });
});

describe("a bridge that is away", () => {
  it("CL-23 is said once, rests for the cooldown, and is tried again", async () => {
    const world = new SpeakerWorld();
    const first = world.speaker.start(request("r1"));
    await world.settle();
    world.attempts.shift()?.fail();
    await first;
    expect(world.ends("r1")).toMatchObject([{ state: "error", error: "bridge_unavailable" }]);
    world.now += 5 * 60_000 - 1;
    await world.start(request("r2"));
    expect(world.connections).toEqual([]);
    expect(world.lines("no bridge: server playback rests")).toHaveLength(1);
    expect(await world.count("server_playback_started_total")).toBe(1);
    world.now += 1;
    await world.start(request("r3"));
    expect(world.commands).toMatchObject([{ requestId: "r3" }]);
    await world.speaker.dispose();
  });

  it("CL-23 fails the plays that wait for it, with one attempt", async () => {
    const world = new SpeakerWorld();
    const starts = ["r1", "r2", "r3"].map((id) => world.speaker.start(request(id)));
    await world.settle();
    world.attempts.shift()?.fail();
    await Promise.all(starts);
    expect(world.attempts).toEqual([]);
    expect(world.lines("no bridge: server playback rests")).toHaveLength(1);
    expect(await world.count("server_playback_failed_total")).toBe(3);
    await world.speaker.dispose();
  });

  it("REC-40 that goes in the middle leaves its sounds to the next one, where they were", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    await world.start(request("r2", { stopOtherAudio: true, volume: 0.5 }));
    world.connection.say(started("r1"));
    world.connection.say({ type: "play_progress", requestId: "r1", positionMs: 1_000, bufferedMs: 0 });
    world.now += 400;
    world.connection.lose();
    world.connection.tellOfEnd();
    world.now += 300; // silence is no part of the sound
    await world.settle();
    world.attempts.shift()?.succeed();
    await world.settle();
    expect(world.connection.commands).toMatchObject([
      { action: "play_url", requestId: "r1", startMs: 1_400, stopOther: false },
      { action: "play_url", requestId: "r2", volume: 0.5, stopOther: false },
    ]);
    expect(world.connection.commands[1]).not.toHaveProperty("startMs");
    const identities = world.commands.map((command) => decodeJwt((command as { token: string }).token).sub);
    expect(new Set(identities).size).toBe(2);
    world.connection.say(started("r1"));
    world.connection.say(completed("r1", 600));
    expect(world.ends("r1")).toMatchObject([{ state: "completed", durationMs: 2_000 }]);
    await world.speaker.dispose();
  });

  it("REC-40 that goes before the news of it is found out by the next play", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.lose();
    await world.start(request("r2"));
    world.connections[0]?.tellOfEnd();
    await world.settle();
    expect(world.connections).toHaveLength(2);
    expect(world.connection.commands.map(({ requestId }) => requestId)).toEqual(["r2"]);
    expect(world.ends("r1")).toMatchObject([{ state: "cancelled", reason: "replaced" }]);
    await world.speaker.dispose();
  });

  it("REC-40 keeps what a new play does not stop", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.lose();
    await world.start(request("r2", { stopOtherAudio: false }));
    await world.settle();
    expect(world.connection.commands.map(({ requestId }) => requestId)).toEqual(["r2", "r1"]);
    await world.speaker.dispose();
  });

  it("REC-43 that lives on is taken up again: nothing is played anew, and what was said meanwhile is said", async () => {
    const world = new SpeakerWorld();
    world.newSessionId = () => "session-1";
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    await world.start(request("r2", { stopOtherAudio: false }));
    const before = world.connection;
    before.lose();
    before.tellOfEnd();
    await world.speaker.stop({ type: "audio_stop_request", packageName: app });
    await world.settle();
    world.attempts.shift()?.succeed();
    await world.settle();
    expect(world.connection).not.toBe(before);
    expect(world.connection.commands).toMatchObject([
      { action: "stop_playback", requestId: "r1", reason: "user" },
      { action: "play_url", requestId: "r2" }, // it may not have come through
      { action: "stop_playback", requestId: "r2", reason: "user" },
    ]);
    expect(world.ends("r1")).toEqual([]); // the bridge has the last word
    expect(world.evicted).toEqual([]);
    await world.speaker.dispose();
  });

  it("REC-43 speech that breaks off while the connection is cut is stopped when it is there again", async () => {
    let breakOff: (error: Error) => void = () => {};
    const world = new SpeakerWorld(true, undefined, undefined, {
      play: ({ line, start }) => {
        line.send({ ...start, sampleRate: 16_000 });
        return new Promise((_, reject) => {
          breakOff = reject;
        });
      },
    });
    world.newSessionId = () => "session-1";
    const said = world.speaker.start(request("said"), { source: { kind: "speech", text: "hello" } });
    await world.settle();
    world.attempts.shift()?.succeed();
    await said;
    world.connection.lose();
    breakOff(new Error("closed"));
    world.connection.tellOfEnd();
    await world.settle();
    world.attempts.shift()?.succeed();
    await world.settle();
    expect(world.ends("said")).toMatchObject([{ state: "error" }]);
    expect(world.connection.commands).toMatchObject([{ action: "stop_playback", requestId: "said" }]);
    await world.speaker.dispose();
  });

  it("REC-43 that has forgotten plays anew on the same connection, where it was", async () => {
    const world = new SpeakerWorld();
    world.newSessionId = () => "session-1";
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.now += 2_500;
    world.connection.lose();
    world.connection.tellOfEnd();
    await world.settle();
    world.attempts.shift()?.succeed(false);
    await world.settle();
    expect(world.connections).toHaveLength(2);
    expect(world.connection.commands).toMatchObject([
      { action: "play_url", requestId: "r1", startMs: 2_500 },
    ]);
    expect(world.evicted).toHaveLength(1);
    await world.speaker.dispose();
  });

  it("REC-41 is looked for in the whole list, and again for a while", async () => {
    const world = new SpeakerWorld(true, "ws://one.example/ws, ws://two.example/ws");
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.lose();
    world.connection.tellOfEnd();
    const tried: string[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await vi.waitFor(() => expect(world.attempts).toHaveLength(1));
      const [{ url, fail }] = world.attempts.splice(0, 1) as [(typeof world.attempts)[number]];
      tried.push(url);
      fail();
    }
    expect(tried).toEqual(["ws://one.example/ws", "ws://two.example/ws", "ws://one.example/ws"]);
    expect(world.lines("no bridge: server playback rests")).toEqual([]);
    await world.speaker.dispose();
  });

  it("REC-41 is not looked for without end: the play fails, and server playback rests", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.lose();
    world.connection.tellOfEnd();
    await vi.waitFor(() => expect(world.attempts).toHaveLength(1));
    world.now += 5_000;
    world.attempts.shift()?.fail();
    await world.settle();
    expect(world.ends("r1")).toMatchObject([{ state: "error", error: "bridge_unavailable" }]);
    expect(world.lines("no bridge: server playback rests")).toHaveLength(1);
    await world.speaker.dispose();
  });

  it("REC-42 is not taken down by a sound for ever: it moves three times", async () => {
    const world = new SpeakerWorld();
    await world.start(request("poison"));
    for (let crash = 0; crash < 4; crash++) {
      world.connection.lose();
      world.connection.tellOfEnd();
      await world.settle();
      world.attempts.shift()?.succeed();
      await world.settle();
    }
    expect(world.connections).toHaveLength(4);
    expect(world.ends("poison")).toMatchObject([{ state: "error", error: "bridge_unavailable" }]);
    await world.speaker.dispose();
  });

  it("REC-40 leaves nothing to resume of what was stopped meanwhile", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.now += 700;
    world.connection.lose();
    world.connection.tellOfEnd();
    await world.speaker.stop({ type: "audio_stop_request", packageName: app });
    await world.settle();
    world.attempts.shift()?.succeed();
    await world.settle();
    expect(world.ends("r1")).toMatchObject([{ state: "cancelled", reason: "user", durationMs: 700 }]);
    expect(world.connection.commands).toEqual(world.connections.length === 1 ? [expect.anything()] : []);
    await world.speaker.dispose();
  });
});

describe("a bridge that takes nothing more", () => {
  const two = "ws://one.example/ws,ws://two.example/ws";

  it("REC-48 because it is full is left for the next one, once for each", async () => {
    const world = new SpeakerWorld(true, two);
    const urls: string[] = [];
    const start = world.speaker.start(request("r1"));
    for (let attempt = 0; attempt < 2; attempt++) {
      await vi.waitFor(() => expect(world.attempts).toHaveLength(1));
      urls.push(world.attempts[0]?.url ?? "");
      world.attempts.shift()?.succeed();
      await vi.waitFor(() => expect(world.connections.at(-1)?.commands).toHaveLength(1));
      world.connection.say(full("r1"));
    }
    await start;
    await world.settle();
    expect(urls).toEqual(["ws://one.example/ws", "ws://two.example/ws"]);
    expect(world.attempts).toEqual([]);
    expect(world.ends("r1")).toMatchObject([{ state: "error", error: "at_capacity" }]);
    await world.speaker.dispose();
  });

  it("REC-48 turns a sound away that another bridge was lost with: the next one has it, where it was", async () => {
    const world = new SpeakerWorld(true, `${two},ws://three.example/ws`);
    const start = world.speaker.start(request("r1"));
    await vi.waitFor(() => expect(world.attempts).toHaveLength(1));
    world.attempts.shift()?.succeed();
    await start;
    world.connection.say(started("r1"));
    world.now += 1_500;
    world.connection.lose();
    world.connection.tellOfEnd();
    for (const bridge of [1, 2]) {
      await vi.waitFor(() => expect(world.attempts).toHaveLength(1));
      world.attempts.shift()?.succeed();
      await vi.waitFor(() => expect(world.connections[bridge]?.commands).toHaveLength(1));
      expect(world.connection.commands).toMatchObject([
        { action: "play_url", requestId: "r1", startMs: 1_500 },
      ]);
      if (bridge === 1) {
        world.connection.say(full("r1"));
      }
    }
    expect(world.ends("r1")).toEqual([]);
    world.connection.say(started("r1"));
    world.connection.say(completed("r1"));
    expect(world.ends("r1")).toMatchObject([{ state: "completed" }]);
    await world.speaker.dispose();
  });

  it("REC-48 but still plays for this user is not left", async () => {
    const world = new SpeakerWorld(true, two);
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    await world.start(request("r2", { stopOtherAudio: false }));
    world.connection.say(full("r2"));
    expect(world.ends("r2")).toMatchObject([{ state: "error", error: "at_capacity" }]);
    expect(world.connection.isOpen).toBe(true);
    await world.speaker.dispose();
  });

  it("REC-48 because it ends is left when nothing plays there, and the next play finds another", async () => {
    const world = new SpeakerWorld(true, two);
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.say({ type: "draining" });
    expect(world.connection.isOpen).toBe(true);
    world.connection.say(completed("r1"));
    expect(world.connection.isOpen).toBe(false);
    const next = world.speaker.start(request("r2"));
    await world.settle();
    expect(world.attempts).toMatchObject([{ url: "ws://two.example/ws" }]);
    world.attempts.shift()?.succeed();
    await next;
    await world.speaker.dispose();
  });

  function full(requestId: string) {
    return { type: "play_complete", requestId, success: false, error: "at_capacity", durationMs: 0 } as const;
  }
});

describe("an operator's controls", () => {
  it("CL-28 reach the bridge for a play that it knows, and no other", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    const { speaker } = world;
    expect(speaker.pause("r1")).toBe(true);
    world.connection.say({ type: "play_paused", requestId: "r1", positionMs: 500 });
    expect(speaker.jobs).toMatchObject([{ paused: true, playedMs: 500 }]);
    expect(speaker.seek("r1", 9_000)).toBe(true);
    expect(speaker.setVolume("r1", 0.25, 100)).toBe(true);
    expect(speaker.resume("r1")).toBe(true);
    expect(speaker.pause("stranger")).toBe(false);
    expect(speaker.stopJob("stranger")).toBe(false);
    expect(speaker.stopJob("r1")).toBe(true);
    expect(world.commands.slice(1)).toEqual([
      { action: "pause_playback", requestId: "r1" },
      { action: "seek_playback", requestId: "r1", positionMs: 9_000 },
      { action: "set_volume", requestId: "r1", volume: 0.25, rampMs: 100 },
      { action: "resume_playback", requestId: "r1" },
      { action: "stop_playback", requestId: "r1", reason: "operator" },
    ]);
    await world.speaker.dispose();
  });

  it("REC-40 hold with the next bridge: position, volume and pause", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.speaker.pause("r1");
    world.connection.say({ type: "play_paused", requestId: "r1", positionMs: 500 });
    world.speaker.seek("r1", 9_000);
    world.speaker.setVolume("r1", 0.25);
    world.now += 10_000;
    world.connection.lose();
    world.connection.tellOfEnd();
    await world.settle();
    world.attempts.shift()?.succeed();
    await world.settle();
    expect(world.connection.commands).toMatchObject([
      { action: "play_url", requestId: "r1", startMs: 9_000, volume: 0.25 },
      { action: "pause_playback", requestId: "r1" },
    ]);
    await world.speaker.dispose();
  });
});

describe("the observer", () => {
  it("CL-29 sees every change of every job, and cannot do harm", async () => {
    const states: string[] = [];
    const steps: string[] = [];
    const world = new SpeakerWorld(true, undefined, {
      onJob: (_userId, job) => states.push(job.state),
      onStep: (_userId, _requestId, { step }) => {
        steps.push(step);
        throw new Error("a broken observer");
      },
    });
    await world.start(request("r1"));
    world.connection.say(started("r1"));
    world.connection.say({ type: "play_progress", requestId: "r1", positionMs: 1_000, bufferedMs: 0 });
    world.connection.say(completed("r1"));
    expect(states).toEqual(["pending", "pending", "streaming", "streaming", "completed"]);
    expect(steps).toEqual(["asked", "started", "progress", "ended"]);
    expect(world.lines("the observer of jobs failed")).toHaveLength(4);
    await world.speaker.dispose();
  });
});

describe("speech", () => {
  it("CL-30 is not played where nobody speaks", async () => {
    const world = new SpeakerWorld();
    await world.speaker.start(request("r1"), { source: { kind: "speech", text: "hello" } });
    expect(world.attempts).toEqual([]);
    await world.speaker.dispose();
  });

  it("CL-30 keeps its place among the commands, and ends with its job", async () => {
    const plays: SpeechPlay[] = [];
    const world = new SpeakerWorld(true, undefined, undefined, {
      play: (play) => {
        plays.push(play);
        play.line.send({ ...play.start, sampleRate: 16_000 });
        return new Promise((resolve) => play.signal.addEventListener("abort", () => resolve(undefined)));
      },
    });
    const speech = { kind: "speech", text: "hello" } as const;
    const first = world.speaker.start(request("said", { trackId: 2 }), { source: speech });
    await world.settle();
    world.attempts.shift()?.succeed();
    await first;
    await world.start(request("r2"));
    expect(world.commands).toMatchObject([
      { action: "start_pcm", requestId: "said", trackId: 2, sampleRate: 16_000, stopOther: true },
      { action: "play_url", requestId: "r2" },
    ]);
    expect(plays).toMatchObject([{ speech, fromMs: 0 }]);
    expect(plays[0]?.signal.aborted).toBe(false);
    world.connection.say(completed("said"));
    expect(plays[0]?.signal.aborted).toBe(true);
    await world.speaker.dispose();
  });

  it("CL-30 that cannot be made ends its job with the reason", async () => {
    const world = new SpeakerWorld(true, undefined, undefined, {
      play: ({ line, start }) => {
        line.send({ ...start, sampleRate: 16_000 });
        return Promise.reject(new SpeechError("speech_failed", "The voice is gone."));
      },
    });
    const said = world.speaker.start(request("said"), { source: { kind: "speech", text: "hello" } });
    await world.settle();
    world.attempts.shift()?.succeed();
    await said;
    await world.settle();
    expect(world.ends("said")).toMatchObject([{ error: "speech_failed", message: "The voice is gone." }]);
    expect(world.commands.at(-1)).toMatchObject({ action: "stop_playback", requestId: "said" });
    await world.speaker.dispose();
  });
});

describe("dispose", () => {
  it("CL-4 ends every play and the connection, once", async () => {
    const world = new SpeakerWorld();
    await world.start(request("r1"));
    const first = world.speaker.dispose();
    expect(world.speaker.dispose()).toBe(first);
    await first;
    expect(world.ends("r1")).toMatchObject([{ state: "cancelled", reason: "disposed" }]);
    expect(world.commands.slice(1)).toEqual([
      { action: "stop_playback", reason: "disposed" },
      { action: "leave_room" },
    ]);
    expect(world.connection.isOpen).toBe(false);
    await world.start(request("r2"));
    expect(world.connections).toHaveLength(1);
  });

  it("CL-4 while connecting leaves no connection behind", async () => {
    const world = new SpeakerWorld();
    const start = world.speaker.start(request("r1"));
    await world.settle();
    await Promise.all([world.speaker.dispose(), start]);
    expect(world.ends("r1")).toMatchObject([{ state: "cancelled", reason: "disposed" }]);
    expect(world.lines("no bridge: server playback rests")).toEqual([]);
  });
});
