import type { JobStep } from "@server-playback/protocol";
import { describe, expect, test } from "vitest";
import { modelTimeline, ticks } from "../src/timeline/timeline-model.js";

const asked: JobStep = { step: "asked", atMs: 0 };
const started: JobStep = { step: "started", atMs: 60 };

describe("a timeline", () => {
  test("CON-23 has joining and fetching at the same time, each as long as it took", () => {
    const { before, firstPacketMs } = modelTimeline([
      asked,
      { step: "fetched", atMs: 30, tookMs: 25 },
      { step: "joined", atMs: 50, tookMs: 48 },
      started,
    ]);
    expect(firstPacketMs).toBe(60);
    expect(before.toMs).toBe(60);
    expect(before.spans).toEqual([
      { kind: "fetching", fromMs: 0, toMs: 25 },
      { kind: "joining", fromMs: 0, toMs: 48 },
      { kind: "starting", fromMs: 48, toMs: 60 },
    ]);
  });

  test("CON-23 of a play into a room that was joined before has no joining", () => {
    const { before } = modelTimeline([asked, { step: "joined", atMs: 60, tookMs: 0 }, started]);
    expect(before.spans).toEqual([{ kind: "starting", fromMs: 0, toMs: 60 }]);
  });

  test("CON-23 shows pauses, underruns and losses as long as they were, without a gap", () => {
    const { whole, ended, endMs } = modelTimeline([
      asked,
      started,
      { step: "paused", atMs: 1_000, positionMs: 940 },
      { step: "progress", atMs: 1_500, positionMs: 940 },
      { step: "resumed", atMs: 2_000 },
      { step: "buffering", atMs: 3_000, positionMs: 1_940 },
      { step: "progress", atMs: 3_200, positionMs: 1_940 },
      { step: "progress", atMs: 3_500, positionMs: 2_000 },
      { step: "recovered", atMs: 6_000, tookMs: 1_500 },
      { step: "ended", atMs: 7_000 },
    ]);
    expect(whole.spans).toEqual([
      { kind: "starting", fromMs: 0, toMs: 60 },
      { kind: "playing", fromMs: 60, toMs: 1_000 },
      { kind: "paused", fromMs: 1_000, toMs: 2_000 },
      { kind: "playing", fromMs: 2_000, toMs: 3_000 },
      { kind: "underrun", fromMs: 3_000, toMs: 3_500 },
      { kind: "playing", fromMs: 3_500, toMs: 4_500 },
      { kind: "lost", fromMs: 4_500, toMs: 6_000 },
      { kind: "playing", fromMs: 6_000, toMs: 7_000 },
    ]);
    expect(whole.marks).toEqual([
      { step: "recovered", atMs: 6_000 },
      { step: "ended", atMs: 7_000 },
    ]);
    expect([ended, endMs, whole.toMs]).toEqual([true, 7_000, 7_000]);
  });

  test("CON-23 of a job that runs reaches to its likely end, filled up to now", () => {
    const { whole } = modelTimeline([asked, started, { step: "progress", atMs: 1_060 }], 10_000);
    expect(whole.toMs).toBe(10_060);
    expect(whole.spans.at(-1)).toEqual({ kind: "playing", fromMs: 60, toMs: 1_060 });
  });

  test("CON-23 of a job that failed before any sound is preparation alone", () => {
    const { firstPacketMs, before } = modelTimeline([asked, { step: "ended", atMs: 40 }]);
    expect(firstPacketMs).toBeUndefined();
    expect(before.spans).toEqual([{ kind: "starting", fromMs: 0, toMs: 40 }]);
  });

  test("CON-23 answers of the device after the end lengthen the scale, not the sound", () => {
    const { whole } = modelTimeline([
      asked,
      started,
      { step: "ended", atMs: 1_000 },
      { step: "glasses_answered", atMs: 1_400 },
    ]);
    expect(whole.toMs).toBe(1_400);
    expect(whole.spans.at(-1)?.toMs).toBe(1_000);
  });

  test("CON-23 without steps is empty", () => {
    expect(modelTimeline([]).whole.spans).toEqual([]);
  });

  test.each([
    [60, 5, [0, 20, 40, 60]],
    [42_060, 5, [0, 10_000, 20_000, 30_000, 40_000]],
    [1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ])("CON-23 a scale of %d ms has round divisions", (toMs, most, expected) => {
    const found = ticks(toMs, most);
    expect(found).toHaveLength(expected.length);
    found.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 9);
    });
  });
});
