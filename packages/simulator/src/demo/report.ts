import type { LogLine } from "../stack/cloud.js";
import type { HeardFacts } from "./heard.js";
import { type DemoStep, firstPacket, limits } from "./plan.js";
import type { Reported, StepResult } from "./step.js";

/** The metrics of the seed's design, by name. */
const metricNames = [
  "server_playback_started_total",
  "server_playback_completed_total",
  "server_playback_failed_total",
  "server_playback_cancelled_total",
  "server_playback_duration_ms",
  "server_playback_first_frame_latency_ms",
  "server_playback_bridge_error_total",
];

/** One step as a table for people. */
export function stepTable(plan: DemoStep, step: StepResult, index: number): string {
  const { asked, heard, reported } = step;
  const what = asked.file === undefined ? `speak "${asked.text}"` : `play ${asked.file}`;
  const stop = asked.stoppedAfterMs === null ? "" : `, stopped after ${ms(asked.stoppedAfterMs)}`;
  const rows: [string, string][] = [
    ["asked", `${what}, ${ms(asked.durationMs)}${stop}`],
    ...heardRows(heard, firstPacket(plan).hint),
    ...reportedRows(reported),
    ["result", step.ok ? "holds" : `DOES NOT HOLD: ${step.problems.join("; ")}`],
  ];
  const lines = rows.map(
    ([name, text], i) => `  ${(name === rows[i - 1]?.[0] ? "" : name).padEnd(9)}${text}`,
  );
  return [`${index + 1}. ${step.name}`, ...lines, ""].join("\n");
}

/** The seed's metrics as a table. */
export function metricsTable(metrics: ReadonlyMap<string, number>): string {
  const lines = Object.entries(seedMetrics(metrics)).map(([name, value]) => `  ${name.padEnd(46)}${value}`);
  return ["Metrics", ...lines, ""].join("\n");
}

/** Counters by name, histograms as count and sum. */
export function seedMetrics(metrics: ReadonlyMap<string, number>): Record<string, number> {
  const names = metricNames.flatMap((name) =>
    metrics.has(name) ? [name] : [`${name}_count`, `${name}_sum`],
  );
  return Object.fromEntries(
    names.map((name) => [name, Math.round((metrics.get(name) ?? Number.NaN) * 10) / 10]),
  );
}

function heardRows(heard: HeardFacts | null, hint: string): [string, string][] {
  if (heard === null) {
    return [["heard", "nothing"]];
  }
  const error =
    heard.lengthErrorMs === null ? "" : ` (${signed(heard.lengthErrorMs, 1)} ms beside the original)`;
  const stop =
    heard.lastPacketAfterStopMs === null
      ? ""
      : `; nothing later than ${ms(heard.lastPacketAfterStopMs)} after the stop`;
  const { lostPackets, jumps, late } = heard.gaps;
  return [
    ["heard", `first packet after ${ms(heard.firstPacketMs)} (${hint})`],
    ["heard", `${ms(heard.durationMs)} of sound in ${heard.packets} packets${error}${stop}`],
    [
      "heard",
      `likeness ${heard.likeness.toFixed(4)}, worst 200 ms ${heard.worstLikeness.toFixed(4)}, level ${signed(heard.levelDb, 2)} dB`,
    ],
    [
      "heard",
      `gaps: ${jumps.length} (lost packets ${lostPackets}, later than ${limits.lateMs} ms: ${late.length})`,
    ],
  ];
}

function reportedRows(reported: Reported | null): [string, string][] {
  if (reported === null) {
    return [];
  }
  const { app, glasses, job } = reported;
  return [
    ["glasses", glasses === null ? "not asked" : answer(glasses.success, glasses.durationMs, glasses.error)],
    ["app", answer(app.success, (app.duration ?? Number.NaN) * 1000, app.error)],
    ...job.map((line): [string, string] => ["job", jobLine(line)]),
  ];
}

function answer(success: boolean, durationMs: number | undefined, error: string | undefined): string {
  return `${success ? "success" : "failure"}, ${ms(durationMs)}${error === undefined ? "" : `, ${error}`}`;
}

/** A line of the cloud's log about a job, without what every line has. */
function jobLine(line: LogLine): string {
  const common = ["level", "time", "user", "room", "requestId", "packageName", "url", "msg"];
  const facts = Object.entries(line).filter(([name]) => !common.includes(name));
  return [
    line.msg,
    ...facts.map(
      ([name, value]) => `${name} ${typeof value === "number" ? Math.round(value * 10) / 10 : String(value)}`,
    ),
  ].join(", ");
}

function ms(value: number | null | undefined): string {
  return value === undefined || value === null || Number.isNaN(value)
    ? "no length"
    : `${value.toFixed(1)} ms`;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}
