import { type Likeness, likeness } from "../audio/likeness.js";
import { MEASURE_RATE, type Reference } from "../audio/reference.js";
import type { Gaps } from "../room/gaps.js";
import { type Heard, soundExtent } from "../room/measure.js";

/** Fade at a stop, which is not like the original, in ms. */
const FADE_MS = 40;

/** What was heard in the room. Times in ms. */
export interface HeardFacts {
  readonly firstPacketMs: number;
  readonly durationMs: number;
  /** What was heard and the original's silence before and after it, which no listener can tell from none. */
  readonly playedMs: number;
  /** Beside the original; null of a sound that was stopped. */
  readonly lengthErrorMs: number | null;
  readonly lastPacketAfterStopMs: number | null;
  readonly packets: number;
  readonly gaps: Gaps;
  readonly likeness: number;
  readonly worstLikeness: number;
  readonly levelDb: number;
}

/** When the app called, on the wall clock in ms. */
export interface Moments {
  readonly askedAt: number;
  readonly stoppedAt: number | undefined;
}

export function factsOf(heard: Heard, reference: Reference, { askedAt, stoppedAt }: Moments): HeardFacts {
  const isStopped = stoppedAt !== undefined;
  const like = likenessOf(heard, reference, isStopped);
  const originalMs = soundExtent(reference.samples).ms;
  return {
    firstPacketMs: heard.firstPacketAtMs - askedAt,
    durationMs: heard.soundMs,
    playedMs: heard.soundMs + (isStopped ? 0 : reference.durationMs - originalMs),
    lengthErrorMs: isStopped ? null : heard.soundMs - originalMs,
    lastPacketAfterStopMs: isStopped ? heard.lastPacketAtMs - stoppedAt : null,
    packets: heard.packets,
    gaps: heard.gaps,
    likeness: like.overall,
    worstLikeness: like.worst,
    levelDb: like.levelDb,
  };
}

/** A sound that was stopped is compared with as much of the original as was heard before the fade. */
function likenessOf(heard: Heard, { samples }: Reference, isStopped: boolean): Likeness {
  const end = isStopped ? ((heard.leadInMs + heard.soundMs - FADE_MS) * MEASURE_RATE) / 1000 : samples.length;
  return likeness(heard.samples, samples.subarray(0, end));
}
