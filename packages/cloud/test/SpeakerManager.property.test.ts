import type { BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { app, otherApp } from "./fixtures.js";
import { completed, request, SpeakerWorld, started } from "./speaker-world.js";

type Step = (world: SpeakerWorld) => void;

const requestId = fc.constantFrom("a", "b", "c", "d");
const packageName = fc.constantFrom(app, otherApp);
const trackId = fc.constantFrom(0, 1, 2);

const event: fc.Arbitrary<BridgeEvent> = fc.oneof(
  requestId.map(started),
  requestId.map((id) => completed(id)),
  fc
    .tuple(requestId, fc.constantFrom("cancelled", "decode_failed", "unsupported_format", "room_lost"))
    .map(([id, error]) => ({ type: "play_complete", requestId: id, success: false, error }) as const),
  fc
    .tuple(requestId, fc.constantFrom("invalid_command", "internal"))
    .map(([id, error]) => ({ type: "error", requestId: id, error }) as const),
  requestId.map((id) => ({ type: "play_progress", requestId: id, positionMs: 1, bufferedMs: 1 }) as const),
  fc.constant({ type: "room_left", roomName: "r", identity: "i" } as const),
  fc.constant({ type: "token_needed", roomName: "r" } as const),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(requestId, packageName, trackId).map(([id, name, layer]): Step => {
      return (world) => void world.speaker.start(request(id, { packageName: name, trackId: layer }));
    }),
  },
  {
    weight: 4,
    arbitrary: event.map(
      (evt): Step =>
        (world) =>
          world.connections.at(-1)?.say(evt),
    ),
  },
  {
    weight: 1,
    arbitrary: event.map(
      (evt): Step =>
        (world) =>
          world.speaker.handleBridgeEvent(evt),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(packageName, fc.option(trackId, { nil: undefined })).map(([name, layer]): Step => {
      const stop = { type: "audio_stop_request", packageName: name } as const;
      return (world) => void world.speaker.stop(layer === undefined ? stop : { ...stop, trackId: layer });
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>((world) => world.attempts.shift()?.succeed()) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.attempts.shift()?.succeed(false)) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.attempts.shift()?.fail()) },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.connections.at(-1)?.lose()) },
  {
    weight: 1,
    arbitrary: fc.constant<Step>((world) => {
      const lost = world.connections.at(-1);
      lost?.lose();
      lost?.tellOfEnd();
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>((world) => {
      world.now += 5 * 60_000;
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>((world) => void world.speaker.dispose()) },
);

/** Each step, and whether everything settles before the next. */
const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 4, maxLength: 30, size: "max" });

it("CL-22 any order of commands, events and failures gives each play one terminal state", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), steps, async (hasSessions, script) => {
      const world = new SpeakerWorld();
      world.newSessionId = hasSessions ? () => "session" : () => undefined;
      for (const [act, settles] of script) {
        act(world);
        if (settles) {
          await world.settle();
        }
      }
      await world.speaker.dispose();
      await world.settle();
      await expectOneEndEach(world, hasSessions);
    }),
    { numRuns: 500 },
  );
});

async function expectOneEndEach(world: SpeakerWorld, hasSessions: boolean): Promise<void> {
  const requested = world.lines("play requested").map((line) => line.requestId);
  const ended = world.lines("play ended").map((line) => line.requestId);
  expect(new Set(requested).size).toBe(requested.length);
  expect([...ended].sort()).toEqual([...requested].sort());
  expect(world.speaker.jobs).toEqual([]);
  expect(world.connections.every(({ isOpen }) => !isOpen)).toBe(true);
  expectToldOnceEach(world, hasSessions);
  const ends = await Promise.all(
    ["completed", "failed", "cancelled"].map((end) => world.count(`server_playback_${end}_total`)),
  );
  expect(ends.reduce((sum, count) => sum + count)).toBe(requested.length);
  expect(await world.count("server_playback_started_total")).toBe(requested.length);
}

/** A connection hears of a play once, and no play goes through bridge after bridge for ever. */
function expectToldOnceEach(world: SpeakerWorld, hasSessions: boolean): void {
  const toldOf = (commands: readonly BridgeCommand[]) =>
    commands.filter(({ action }) => action === "play_url").map((command) => command.requestId ?? "");
  for (const { commands } of world.connections) {
    const told = toldOf(commands);
    expect(new Set(told).size).toBe(told.length);
  }
  if (hasSessions) {
    return; // a bridge that is taken up again is asked again
  }
  const times = new Map<string, number>();
  for (const id of toldOf(world.commands)) {
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  expect(Math.max(0, ...times.values())).toBeLessThanOrEqual(4);
}
