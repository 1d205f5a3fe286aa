import { type Likeness, likeness } from "../audio/likeness.js";
import { MEASURE_RATE, type Reference, readReference } from "../audio/reference.js";
import { countGaps, type Gaps } from "../room/gaps.js";
import { type Heard, measure, soundExtent } from "../room/measure.js";
import type { ArrivedPacket, OrderedPacket } from "../room/packets.js";
import { ordered, TICKS_PER_MS } from "../room/packets.js";
import type { RoomListener } from "../room/RoomListener.js";
import type { AudioResult } from "../SampleApp.js";
import type { GlassesReport, SimulatedGlasses } from "../SimulatedGlasses.js";
import type { Stack } from "../Stack.js";
import type { LogLine } from "../stack/cloud.js";
import { inRepository } from "../stack/env.js";
import { type DemoStep, limits } from "./plan.js";

/** Silence after a sound by which it is known to be over, in ms. */
const QUIET_MS = 300;
/** Fade at a stop, which is not like the original, in ms. */
const FADE_MS = 40;

/** Who takes part in a step. */
export interface Scene {
  readonly stack: Stack;
  readonly userId: string;
  readonly glasses: SimulatedGlasses;
  readonly ears: RoomListener;
}

/** How a step went, in the form of `out/demo.json`. Times in ms. */
export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  /** What did not hold. */
  readonly problems: readonly string[];
  readonly asked: Asked;
  readonly heard: HeardFacts | null;
  readonly reported: Reported | null;
  readonly packets: readonly ArrivedPacket[];
}

interface Asked {
  readonly file: string;
  readonly url: string;
  readonly volume: number;
  readonly durationMs: number;
  readonly stoppedAfterMs: number | null;
  /** Whether the bridge was in the room already. */
  readonly joined: boolean;
}

export interface HeardFacts {
  readonly firstPacketMs: number;
  readonly durationMs: number;
  /** Beside the file, or beside what was to be heard until the stop. */
  readonly lengthErrorMs: number | null;
  readonly lastPacketAfterStopMs: number | null;
  readonly packets: number;
  readonly gaps: Gaps;
  readonly likeness: number;
  readonly worstLikeness: number;
  readonly levelDb: number;
}

export interface Reported {
  readonly app: AudioResult;
  readonly glasses: GlassesReport;
  /** The job's events, as the cloud logged them. */
  readonly job: readonly LogLine[];
}

/** Plays one sound through the whole line and holds what was heard against what was asked. */
export async function runStep(step: DemoStep, scene: Scene): Promise<StepResult> {
  const reference = await readReference(inRepository("samples", step.file));
  const asked: Asked = {
    file: step.file,
    url: scene.stack.parts.samples.url(step.file),
    volume: step.volume,
    durationMs: reference.durationMs,
    stoppedAfterMs: step.stopAfterMs ?? null,
    joined: step.joined,
  };
  const failed = { name: step.name, ok: false, asked, heard: null, reported: null, packets: [] };
  try {
    return await playStep(step, scene, asked, reference);
  } catch (error) {
    return { ...failed, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

async function playStep(
  step: DemoStep,
  scene: Scene,
  asked: Asked,
  reference: Reference,
): Promise<StepResult> {
  const { stack, userId, glasses, ears } = scene;
  const askedAt = Date.now();
  const played = stack.app.play(userId, { audioUrl: asked.url, volume: step.volume });
  played.catch(() => {}); // awaited below, unless something fails before
  const requestId = await requestIdOf(glasses, asked.url);
  const stoppedAt =
    step.stopAfterMs === undefined ? undefined : await stopWhenHeard(step.stopAfterMs, askedAt, scene);
  const [app, report] = await Promise.all([played, glasses.report(requestId)]);
  const job = await jobOf(stack, requestId);
  await ears.quiet(QUIET_MS);

  const packets = ears.packets(askedAt);
  const measured = await measure(ordered(packets), limits.lateMs);
  const heard = measured === undefined ? null : factsOf(measured, reference, { askedAt, stoppedAt });
  const reported = { app, glasses: report, job };
  const problems = [...findProblems(step, heard), ...reportProblems(step, heard, reported)];
  return { name: step.name, ok: problems.length === 0, problems, asked, heard, reported, packets };
}

function requestIdOf(glasses: SimulatedGlasses, url: string): Promise<string> {
  return glasses.until("the glasses' play request", () => {
    const isMeant = (message: (typeof glasses.received)[number]) =>
      message.type === "audio_play_request" && message.audioUrl === url;
    const request = glasses.received.findLast(isMeant);
    return request?.type === "audio_play_request" ? request.requestId : undefined;
  });
}

/** Stops when so much has been heard; returns the moment of the call. */
async function stopWhenHeard(
  afterMs: number,
  sinceMs: number,
  { stack, userId, ears }: Scene,
): Promise<number> {
  const enough = (packets: readonly OrderedPacket[]) => {
    const [first, last] = [packets[0], packets.at(-1)];
    return (
      first !== undefined && last !== undefined && last.position - first.position >= afterMs * TICKS_PER_MS
    );
  };
  await ears.until("the sound's middle", () => enough(ordered(ears.packets(sinceMs))) || undefined);
  const stoppedAt = Date.now();
  await stack.app.stop(userId);
  return stoppedAt;
}

async function jobOf(stack: Stack, requestId: string): Promise<readonly LogLine[]> {
  const { cloud } = stack.parts;
  const isEnd = (line: LogLine) => line.requestId === requestId && line.msg === "play ended";
  await cloud.waitForLog("the job's end", (line) => isEnd(line) || undefined);
  return cloud.log.filter((line) => line.requestId === requestId && line.msg?.startsWith("play "));
}

interface Moments {
  askedAt: number;
  stoppedAt: number | undefined;
}

function factsOf(heard: Heard, reference: Reference, { askedAt, stoppedAt }: Moments): HeardFacts {
  const like = likenessOf(heard, reference, stoppedAt !== undefined);
  return {
    firstPacketMs: heard.firstPacketAtMs - askedAt,
    durationMs: heard.soundMs,
    lengthErrorMs: stoppedAt === undefined ? heard.soundMs - soundExtent(reference.samples).ms : null,
    lastPacketAfterStopMs: stoppedAt === undefined ? null : heard.lastPacketAtMs - stoppedAt,
    packets: heard.packets,
    gaps: heard.gaps,
    likeness: like.overall,
    worstLikeness: like.worst,
    levelDb: like.levelDb,
  };
}

/** A sound that was stopped is compared with as much of the original as was heard before the fade. */
function likenessOf(heard: Heard, { samples }: Reference, stopped: boolean): Likeness {
  const end = stopped ? ((heard.leadInMs + heard.soundMs - FADE_MS) * MEASURE_RATE) / 1000 : samples.length;
  return likeness(heard.samples, samples.subarray(0, end));
}

function findProblems(step: DemoStep, heard: HeardFacts | null): string[] {
  if (heard === null) {
    return ["nothing was heard"];
  }
  const firstPacketLimit = step.joined ? limits.firstPacketMs : limits.firstPacketJoiningMs;
  const checks: [boolean, string][] = [
    [
      heard.firstPacketMs <= firstPacketLimit,
      `the first packet came after ${heard.firstPacketMs.toFixed(1)} ms`,
    ],
    [
      Math.abs(heard.lengthErrorMs ?? 0) <= limits.lengthErrorMs,
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
  return checks.flatMap(([ok, problem]) => (ok ? [] : [problem]));
}

function reportProblems(step: DemoStep, heard: HeardFacts | null, { app, glasses, job }: Reported): string[] {
  const end = job.at(-1);
  const state = step.stopAfterMs === undefined ? "completed" : "cancelled";
  const played = Number(end?.durationMs);
  const checks: [boolean, string][] = [
    [app.success && glasses.success, `the glasses' playback failed: ${glasses.error ?? app.error}`],
    [end?.state === state, `the job ended as ${String(end?.state)}`],
    [
      heard !== null && Math.abs(played - heard.durationMs) <= limits.reportedErrorMs,
      `the job says ${played} ms, the room heard ${heard?.durationMs} ms`,
    ],
  ];
  return checks.flatMap(([ok, problem]) => (ok ? [] : [problem]));
}
