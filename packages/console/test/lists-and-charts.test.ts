import type { JobSummary } from "@server-playback/protocol";
import { describe, expect, test } from "vitest";
import { differenceColumns, endingColumns, latencyColumns, quantile } from "../src/charts/chart-data.js";
import { moveSelection } from "../src/components/move-selection.js";
import { scrollToRow, visibleRows } from "../src/components/visible-rows.js";

const job = (startedAt: number, more: Partial<JobSummary>): JobSummary => ({
  requestId: `r${startedAt}`,
  userId: "ana",
  packageName: "app",
  what: "x",
  kind: "url",
  mode: "shadow",
  trackId: 0,
  state: "completed",
  startedAt,
  endedAt: startedAt + 500,
  ...more,
});

describe("a long list", () => {
  test("CON-12 draws the rows that are seen and a few around them, whatever the number", () => {
    expect(visibleRows(5_000, 32, 0, 320)).toEqual({ from: 0, to: 17 });
    expect(visibleRows(5_000, 32, 32_000, 320)).toEqual({ from: 994, to: 1_017 });
    expect(visibleRows(3, 32, 0, 320)).toEqual({ from: 0, to: 3 });
    expect(visibleRows(0, 32, 500, 320)).toEqual({ from: 0, to: 0 });
  });

  test("CON-12 after the list has become short, nothing is left out", () => {
    expect(visibleRows(4, 32, 9_000, 320)).toEqual({ from: 4, to: 4 });
  });

  test("CON-15 a chosen row is scrolled into sight, and only as far as needed", () => {
    expect(scrollToRow(5, 32, 0, 320)).toBe(0);
    expect(scrollToRow(20, 32, 0, 320)).toBe(21 * 32 - 320);
    expect(scrollToRow(2, 32, 400, 320)).toBe(64);
  });

  test("CON-15 keys move in the list and stay inside it", () => {
    expect(moveSelection("ArrowDown", -1, 10, 5)).toBe(0);
    expect(moveSelection("ArrowUp", 0, 10, 5)).toBe(0);
    expect(moveSelection("PageDown", 7, 10, 5)).toBe(9);
    expect(moveSelection("Home", 7, 10, 5)).toBe(0);
    expect(moveSelection("End", 0, 10, 5)).toBe(9);
    expect(moveSelection("a", 0, 10, 5)).toBeUndefined();
    expect(moveSelection("End", 0, 0, 5)).toBeUndefined();
  });
});

describe("the charts", () => {
  test("CON-25 show the jobs that have the figure, oldest first", () => {
    const jobs = [
      job(3_000, { firstFrameLatencyMs: 70 }),
      job(2_000, {}),
      job(1_000, { firstFrameLatencyMs: 50, durationMs: 500, deviceDurationMs: 520 }),
    ];
    expect(latencyColumns(jobs)).toEqual([
      [1, 3],
      [50, 70],
    ]);
    expect(differenceColumns(jobs)).toEqual([[1], [-20]]);
  });

  test("CON-25 count every ending once, failures among them", () => {
    const jobs = Array.from({ length: 100 }, (_, index) =>
      job(index * 1_000, { state: index % 10 === 0 ? "error" : "completed" }),
    );
    const [times, all = [], failed = []] = endingColumns(jobs);
    const sum = (values: (number | null)[]) => values.reduce<number>((total, n) => total + (n ?? 0), 0);
    expect(times).toHaveLength(40);
    expect([sum(all), sum(failed)]).toEqual([100, 10]);
    expect(endingColumns([job(0, { state: "streaming", endedAt: undefined })])).toEqual([[], [], []]);
  });

  test("CON-25 quantiles are values that occurred", () => {
    expect(quantile([4, 1, null, 3, 2], 0.5)).toBe(2);
    expect(quantile([4, 1, 3, 2], 0.95)).toBe(4);
    expect(quantile([], 0.5)).toBeUndefined();
  });
});
