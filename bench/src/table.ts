import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { figure } from "./stats.js";

/** One line of a benchmark's report. A field is null where it does not apply or was not measured. */
export interface Line {
  readonly name: string;
  readonly unit: string;
  readonly ours: number | null;
  /** What the best possible reference takes. */
  readonly floor: number | null;
  /** What the usual way to build it takes. */
  readonly peer: number | null;
  /** `ours` against what the target is about. */
  readonly ratio: number | null;
  /** The target in words, e.g. `<= 1.5x floor`. */
  readonly target: string | null;
  /** Whether the target is met. */
  readonly ok: boolean | null;
  /** Spread, settings, or why it was not measured. */
  readonly note?: string;
}

/** A line that could not be measured here, and why. */
export function notMeasured(name: string, unit: string, why: string): Line {
  return {
    name,
    unit,
    ours: null,
    floor: null,
    peer: null,
    ratio: null,
    target: null,
    ok: null,
    note: `not measured: ${why}`,
  };
}

const columns = ["name", "unit", "ours", "floor", "peer", "ratio", "target", "ok", "note"] as const;

/** The lines as an aligned text table. */
export function format(lines: readonly Line[]): string {
  const rows = [columns.map(String), ...lines.map((line) => columns.map((column) => cell(line[column])))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Writes the report where other programs find it; the notes are for people. */
export function write(path: string, lines: readonly Line[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const report = { lines: lines.map(({ note: _, ...line }) => line) };
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}

function cell(value: Line[keyof Line]): string {
  switch (typeof value) {
    case "number":
      return figure(value);
    case "boolean":
      return value ? "yes" : "NO";
    case "string":
      return value;
    default:
      return "-";
  }
}
