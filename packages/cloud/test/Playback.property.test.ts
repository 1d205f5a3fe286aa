import { setImmediate } from "node:timers/promises";
import type { AudioPlayRequest, AudioPlayResponse } from "@server-playback/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { AudioRouter } from "../src/AudioRouter.js";
import { DurationCorrelation } from "../src/DurationCorrelation.js";
import { Playback } from "../src/Playback.js";
import type { PlaybackMode } from "../src/playback-flags.js";
import { app, otherApp } from "./fixtures.js";
import { completed, request, SpeakerWorld, started } from "./speaker-world.js";

/** Playback of one user between apps, glasses and a bridge, each of which does what a script says. */
class PlaybackWorld {
  readonly asked: AudioPlayRequest[] = [];
  readonly onGlasses: string[] = [];
  readonly answers: (AudioPlayResponse & { packageName: string })[] = [];
  readonly room = new SpeakerWorld(true, undefined, undefined, undefined, {
    playEnded: (job) => this.playback.ended(job),
    areGlassesInRoom: async () => this.isListening,
  });
  readonly playback: Playback;
  readonly router: AudioRouter;
  mode: PlaybackMode = "primary";
  hasGlasses = true;
  isListening = true;

  constructor() {
    const { log } = this.room;
    this.router = new AudioRouter({
      sessionId: "s",
      log: this.room.logger,
      correlation: new DurationCorrelation(this.room.logger, this.room.metrics),
      sendToGlasses: (message) => {
        if (this.hasGlasses && message.type === "audio_play_request") {
          this.onGlasses.push(message.requestId);
        }
        return this.hasGlasses;
      },
      sendToApp: (packageName, response) => this.playback.routed(packageName, response),
    });
    this.playback = new Playback({
      log: this.room.logger,
      metrics: this.room.metrics,
      router: this.router,
      speaker: this.room.speaker,
      hasGlasses: () => this.hasGlasses,
      modeFor: () => this.mode,
      forGlasses: (request) => request,
      sourceOf: ({ audioUrl }) => ({ kind: "url", url: audioUrl }),
      sendToApp: (packageName, response) => this.answers.push({ ...response, packageName }),
      fellBack: () => log.length,
    });
  }

  ask(requestId: string, packageName: string): void {
    const asked = request(requestId, { packageName });
    this.asked.push(asked);
    this.playback.play(asked);
  }

  glassesAnswer(requestId: string): void {
    this.router.respond({ type: "audio_play_response", requestId, success: true, duration: 1 });
  }
}

type Step = (world: PlaybackWorld) => void;

const requestId = fc.constantFrom("a", "b", "c");
/** Whose request it is, as a rule. */
const owners: Record<string, string> = { a: app, b: app, c: otherApp };
const packageName = fc.constantFrom(app, otherApp);
const failure = fc.constantFrom("cancelled", "decode_failed", "room_lost", "at_capacity", "join_failed");
const does = (act: Step): fc.Arbitrary<Step> => fc.constant(act);
const lose: Step = ({ room }) => {
  const lost = room.connections.at(-1);
  lost?.lose();
  lost?.tellOfEnd();
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: requestId.map(
      (id): Step =>
        (world) =>
          world.ask(id, owners[id] ?? app),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(requestId, packageName).map(
      ([id, name]): Step =>
        (world) =>
          world.ask(id, name),
    ),
  },
  {
    weight: 3,
    arbitrary: requestId.map(
      (id): Step =>
        ({ room }) =>
          room.connections.at(-1)?.say(started(id)),
    ),
  },
  {
    weight: 2,
    arbitrary: requestId.map(
      (id): Step =>
        ({ room }) =>
          room.connections.at(-1)?.say(completed(id)),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(requestId, failure, fc.constantFrom(0, 500)).map(([id, error, durationMs]): Step => {
      return ({ room }) =>
        room.connections
          .at(-1)
          ?.say({ type: "play_complete", requestId: id, success: false, error, durationMs });
    }),
  },
  {
    weight: 1,
    arbitrary: packageName.map(
      (name): Step =>
        (world) =>
          world.playback.stop({ type: "audio_stop_request", packageName: name }),
    ),
  },
  {
    weight: 2,
    arbitrary: requestId.map(
      (id): Step =>
        (world) =>
          world.glassesAnswer(id),
    ),
  },
  { weight: 4, arbitrary: does(({ room }) => room.attempts.shift()?.succeed()) },
  { weight: 1, arbitrary: does(({ room }) => room.attempts.shift()?.succeed(false)) },
  { weight: 1, arbitrary: does(({ room }) => room.attempts.shift()?.fail()) },
  { weight: 1, arbitrary: does(lose) },
  {
    weight: 1,
    arbitrary: does(({ room }) => {
      room.now += 5 * 60_000;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (is): Step =>
        (world) => {
          world.hasGlasses = is;
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (is): Step =>
        (world) => {
          world.isListening = is;
        },
    ),
  },
);

const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 6, maxLength: 40, size: "max" });

it("PRI-13 any order of requests, events and failures gives an app one answer, and no sound twice", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), steps, async (hasSessions, script) => {
      const world = new PlaybackWorld();
      world.room.newSessionId = hasSessions ? () => "session" : () => undefined;
      for (const [act, settles] of script) {
        act(world);
        if (settles) {
          await world.room.settle();
        }
      }
      await world.room.speaker.dispose();
      await setImmediate();
      for (const id of new Set(world.onGlasses)) {
        world.glassesAnswer(id);
      }
      expectOneAnswerEach(world);
    }),
    { numRuns: 500 },
  );
});

function expectOneAnswerEach(world: PlaybackWorld): void {
  const heardInRoom = new Set(world.room.lines("play started").map(({ requestId }) => requestId));
  expect(world.onGlasses.filter((id) => heardInRoom.has(id))).toEqual([]);
  expect(new Set(world.onGlasses).size).toBe(world.onGlasses.length);
  for (const { requestId, packageName } of world.asked) {
    const of = (each: { requestId: string; packageName: string }) =>
      each.requestId === requestId && each.packageName === packageName;
    const answers = world.answers.filter(of);
    expect(answers.length).toBeGreaterThanOrEqual(1);
    expect(answers.length).toBeLessThanOrEqual(world.asked.filter(of).length);
    const isShared = world.asked.some((other) => other.requestId === requestId && !of(other));
    const isRefusal = ({ error }: AudioPlayResponse) =>
      isShared && error?.startsWith("request_in_use") === true;
    const truths = new Set(answers.filter((answer) => !isRefusal(answer)).map(textOf));
    expect(truths.size).toBeLessThanOrEqual(1);
  }
}

function textOf({ success, error, duration }: AudioPlayResponse): string {
  return JSON.stringify({ success, error, duration });
}
