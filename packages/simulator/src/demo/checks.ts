import { countGaps } from "../room/gaps.js";
import type { HeardFacts } from "./heard.js";
import { type DemoStep, firstPacket, limits } from "./plan.js";
import type { Reported } from "./step.js";

/** A step's outcome, as it is held against what was asked. */
export interface Outcome {
  readonly heard: HeardFacts | null;
  readonly reported: Reported;
  /** The one who listened has never heard anything. */
  readonly isDeaf: boolean;
  /** What was heard in the step before. */
  readonly before: HeardFacts | null;
}

/** Whether something holds, and what is said if it does not. */
type Check = readonly [holds: boolean, problem: string];

/** What does not hold, in sentences. */
export function findProblems(step: DemoStep, outcome: Outcome): string[] {
  const checks = step.away
    ? fallbackChecks(outcome)
    : [...heardChecks(step, outcome), ...jobChecks(step, outcome), ...answerChecks(step, outcome)];
  return checks.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

function heardChecks(step: DemoStep, { heard, before }: Outcome): Check[] {
  if (heard === null) {
    return [[false, "nothing was heard"]];
  }
  const firstPacketMs = heard.firstPacketMs.toFixed(1);
  return [
    [heard.firstPacketMs <= firstPacket(step).limitMs, `the first packet came after ${firstPacketMs} ms`],
    [
      step.saidBefore === undefined || heard.firstPacketMs < (before?.firstPacketMs ?? 0),
      `the first packet came after ${firstPacketMs} ms, no sooner than when the text was new`,
    ],
    [
      Math.abs(heard.lengthErrorMs ?? 0) <=
        ("text" in step.sound ? limits.speechLengthErrorMs : limits.lengthErrorMs),
      `the length is off by ${heard.lengthErrorMs} ms`,
    ],
    [heard.gaps.lostPackets === 0 && countGaps(heard.gaps) === 0, `gaps: ${JSON.stringify(heard.gaps)}`],
    [heard.likeness >= limits.likeness, `likeness ${heard.likeness}`],
    [heard.worstLikeness >= limits.worstLikeness, `likeness of the worst 200 ms ${heard.worstLikeness}`],
    [Math.abs(heard.levelDb) <= limits.levelErrorDb, `the level is off by ${heard.levelDb} dB`],
    [
      (heard.lastPacketAfterStopMs ?? 0) <= limits.stopMs,
      `sound came ${heard.lastPacketAfterStopMs} ms after the stop`,
    ],
  ];
}

function jobChecks(step: DemoStep, { heard, reported }: Outcome): Check[] {
  const end = reported.job.at(-1);
  const state = step.stopAfterMs === undefined ? "completed" : "cancelled";
  return [
    [end?.state === state, `the job ended as ${String(end?.state)}`],
    [
      isAsHeard(end?.durationMs, step, heard),
      `the job says ${end?.durationMs} ms, the room heard ${lengthOf(heard)}`,
    ],
  ];
}

/** Who answers the app depends on the mode. */
function answerChecks(step: DemoStep, outcome: Outcome): Check[] {
  const { app, glasses, askedOfGlasses } = outcome.reported;
  if (step.mode === "shadow") {
    const isPlayed = app.success && glasses?.success === true;
    return [[isPlayed, `the glasses' playback failed: ${glasses?.error ?? app.error}`]];
  }
  const isTold =
    step.stopAfterMs === undefined
      ? app.success
      : !app.success && app.error?.startsWith("cancelled: ") === true;
  const toldMs = (app.duration ?? 0) * 1000;
  return [
    [isTold, `the app was told ${JSON.stringify(app)}`],
    [
      isAsHeard(toldMs, step, outcome.heard),
      `the app was told ${toldMs} ms, the room heard ${lengthOf(outcome.heard)}`,
    ],
    [askedOfGlasses === 0, "the glasses were asked to play it, too"],
  ];
}

/** The glasses played it, once, and theirs is the answer; the room heard nothing. */
function fallbackChecks({
  heard,
  isDeaf,
  reported: { app, glasses, askedOfGlasses, job },
}: Outcome): Check[] {
  const end = job.find(({ msg }) => msg === "play ended");
  return [
    [!isDeaf, "nobody was there to hear that the room is silent"],
    [heard === null, `the room heard ${lengthOf(heard)}`],
    [askedOfGlasses === 1, `the glasses were asked ${askedOfGlasses} times`],
    [
      app.success && glasses?.success === true,
      `the glasses' playback failed: ${glasses?.error ?? app.error}`,
    ],
    [
      Math.abs((app.duration ?? 0) * 1000 - (glasses?.durationMs ?? 0)) < 1,
      `the app was told ${app.duration} s, the glasses said ${glasses?.durationMs} ms`,
    ],
    [end?.error === "no_listener", `the room's job ended as ${end?.error ?? end?.state}`],
  ];
}

function isAsHeard(toldMs: unknown, { sound }: DemoStep, heard: HeardFacts | null): boolean {
  const limitMs = "text" in sound ? limits.speechLengthErrorMs : limits.reportedErrorMs;
  return heard !== null && Math.abs(Number(toldMs) - heard.playedMs) <= limitMs;
}

function lengthOf(heard: HeardFacts | null): string {
  return heard === null ? "nothing" : `${heard.playedMs} ms`;
}
