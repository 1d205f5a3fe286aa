import { decodeReference, type Reference, readReference } from "../audio/reference.js";
import { measure } from "../room/measure.js";
import { type ArrivedPacket, type OrderedPacket, ordered, TICKS_PER_MS } from "../room/packets.js";
import type { AudioResult } from "../SampleApp.js";
import type { GlassesReport } from "../SimulatedGlasses.js";
import type { LogLine } from "../stack/cloud.js";
import { inRepository } from "../stack/env.js";
import { findProblems } from "./checks.js";
import { factsOf, type HeardFacts } from "./heard.js";
import { type DemoSound, type DemoStep, limits } from "./plan.js";
import type { Scene } from "./scene.js";

/** Silence after a sound by which it is known to be over, in ms. */
const QUIET_MS = 300;

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
  readonly mode: DemoStep["mode"];
  readonly file?: string;
  readonly text?: string;
  readonly url: string;
  readonly volume: number;
  /** Null where it could not be read. */
  readonly durationMs: number | null;
  readonly stoppedAfterMs: number | null;
  /** Whether the bridge was in the room already. */
  readonly joined: boolean;
}

/** What became of the play, by those who know. */
export interface Reported {
  readonly app: AudioResult;
  /** How often the glasses were asked to play it. */
  readonly askedOfGlasses: number;
  readonly glasses: GlassesReport | null;
  /** The job's events, as the cloud logged them. */
  readonly job: readonly LogLine[];
}

/** Plays one sound through the whole line and holds what was heard against what was asked. */
export async function runStep(step: DemoStep, scene: Scene, before?: StepResult): Promise<StepResult> {
  const asked = whatIsAsked(step, scene);
  try {
    return await playStep(step, scene, asked, before);
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)];
    return { name: step.name, ok: false, problems, asked, heard: null, reported: null, packets: [] };
  }
}

async function playStep(
  step: DemoStep,
  scene: Scene,
  asked: Asked,
  before: StepResult | undefined,
): Promise<StepResult> {
  if (step.away) {
    await scene.ears.close();
  }
  const ears = step.away ? scene.witness : scene.ears;
  const askedAt = Date.now();
  const played = play(step, scene, asked.url);
  played.catch(() => {}); // awaited below, unless something fails before
  const requestId = await requestIdOf(scene, askedAt);
  const stoppedAt =
    step.stopAfterMs === undefined ? undefined : await stopWhenHeard(step.stopAfterMs, askedAt, scene);
  const reported = await reportsOf(step, scene, requestId, played);
  await ears.quiet(QUIET_MS);

  const packets = ears.packets(askedAt);
  const reference = await original(step.sound, asked.url, scene); // not before: a text must not have been made
  const measured = await measure(ordered(packets), limits.lateMs);
  const heard = measured === undefined ? null : factsOf(measured, reference, { askedAt, stoppedAt });
  const isDeaf = ears.packets().length === 0;
  const problems = findProblems(step, { heard, reported, isDeaf, before: before?.heard ?? null });
  return {
    name: step.name,
    ok: problems.length === 0,
    problems,
    asked: { ...asked, durationMs: reference.durationMs },
    heard,
    reported,
    packets,
  };
}

function whatIsAsked({ mode, sound, volume, stopAfterMs, joined }: DemoStep, { stack }: Scene): Asked {
  const { samples, cloud } = stack.parts;
  const url =
    "file" in sound
      ? samples.url(sound.file)
      : `${cloud.url}/api/tts?${new URLSearchParams({ text: sound.text })}`;
  return { mode, ...sound, url, volume, durationMs: null, stoppedAfterMs: stopAfterMs ?? null, joined };
}

function play({ sound, volume }: DemoStep, { stack, userId }: Scene, audioUrl: string): Promise<AudioResult> {
  return "file" in sound
    ? stack.app.play(userId, { audioUrl, volume })
    : stack.app.speak(userId, sound.text, { volume });
}

/** What should be heard; of a text, what the cloud gives to glasses that fetch it. */
async function original(sound: DemoSound, url: string, { stack, userId }: Scene): Promise<Reference> {
  if ("file" in sound) {
    return await readReference(inRepository("samples", sound.file));
  }
  const authorization = `Bearer ${await stack.parts.cloud.glassesToken(userId)}`;
  const response = await fetch(url, { headers: { authorization } });
  if (!response.ok) {
    throw new Error(`The speech could not be fetched: status ${response.status}.`);
  }
  return await decodeReference(new Uint8Array(await response.arrayBuffer()));
}

function requestIdOf({ stack, userId }: Scene, sinceMs: number): Promise<string> {
  const isMeant = ({ msg, user, time }: LogLine) =>
    msg === "play requested" && user === userId && Date.parse(String(time)) >= sinceMs;
  return stack.parts.cloud.waitForLog("the play's request", (line) =>
    isMeant(line) ? line.requestId : undefined,
  );
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

/** Where the glasses play, their report is waited for; where the room does, there should be none. */
async function reportsOf(
  { mode }: DemoStep,
  { stack, glasses }: Scene,
  requestId: string,
  played: Promise<AudioResult>,
): Promise<Reported> {
  const isMeant = (message: { requestId?: unknown }) => message.requestId === requestId;
  const [app, awaited] = await Promise.all([played, mode === "shadow" ? glasses.report(requestId) : null]);
  const job = await jobOf(stack.parts.cloud, requestId);
  const requests = glasses.received.filter((message) => message.type === "audio_play_request");
  return {
    app,
    askedOfGlasses: requests.filter(isMeant).length,
    glasses: awaited ?? glasses.reports.find(isMeant) ?? null,
    job,
  };
}

async function jobOf(
  cloud: Scene["stack"]["parts"]["cloud"],
  requestId: string,
): Promise<readonly LogLine[]> {
  const isEnd = (line: LogLine) => line.requestId === requestId && line.msg === "play ended";
  await cloud.waitForLog("the job's end", (line) => isEnd(line) || undefined);
  const isTold = ({ msg = "" }: LogLine) => msg.startsWith("play ") || msg.startsWith("fell back");
  return cloud.log.filter((line) => line.requestId === requestId && isTold(line));
}
