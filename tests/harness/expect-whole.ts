import { type Comparison, compare, countGaps, type Heard, type Reference } from "@server-playback/simulator";
import { expect } from "vitest";

/** What a sound that was played whole has to be; the likeness is what Opus at 64 kbit/s leaves. */
const whole = { lengthMs: 20, overall: 0.97, worst: 0.9, levelDb: 0.5 } as const;

/** Asserts that a sound was heard as it is: whole, without a gap, alike, at its level. */
export function expectWhole(heard: Heard, reference: Reference, levelDb = 0): Comparison {
  const like = compare(heard, reference);
  expect(heard.gaps, "gaps").toMatchObject({ lostPackets: 0, jumps: [] });
  expect(Math.abs(like.lengthErrorMs), `length error ${like.lengthErrorMs} ms`).toBeLessThanOrEqual(
    whole.lengthMs,
  );
  expect(like.overall, "likeness").toBeGreaterThan(whole.overall);
  expect(like.worst, `likeness at ${like.worstAtMs} ms`).toBeGreaterThan(whole.worst);
  expect(Math.abs(like.levelDb - levelDb), `level ${like.levelDb} dB`).toBeLessThan(whole.levelDb);
  return like;
}

/** Asserts that every packet came in time for a listener's jitter buffer, and none is missing. */
export function expectNoGap(heard: Heard): void {
  expect(heard.gaps.lostPackets, "lost packets").toBe(0);
  expect(countGaps(heard.gaps), JSON.stringify(heard.gaps)).toBe(0);
}
