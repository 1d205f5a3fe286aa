import { setTimeout } from "node:timers/promises";
import { type Job, JobListSchema, JobSchema, type JobStep, type JobSummary } from "@server-playback/protocol";
import { askCloud } from "../cloud-api.js";
import {
  type Command,
  type Context,
  type ExitCode,
  exitCodes,
  numberOption,
  textOption,
  UsageError,
} from "../command.js";
import { cloudOptions } from "../settings.js";
import { clock, table } from "../text.js";

/** How often a job is asked for while it runs, in ms. */
const POLL_MS = 200;

/** Lists jobs, or shows one with its timeline. */
export const jobs: Command = {
  name: "jobs",
  usage: "[ID]",
  summary: "list the newest jobs, or show one with its timeline",
  options: {
    user: { value: "USER", help: "only this user's" },
    state: { value: "STATE", help: "pending, streaming, completed, cancelled or error" },
    limit: { value: "N", help: "at most so many (20)" },
    ...cloudOptions,
  },
  run: async (context) => {
    const { positionals } = context;
    if (positionals.length > 1) {
      throw new UsageError("Give one ID, or none.");
    }
    const [requestId] = positionals;
    if (requestId !== undefined) {
      const job = await askJob(context, requestId);
      context.print(describeJob(job), job);
      return exitCodes.done;
    }
    const list = await askCloud(context, JobListSchema, `/api/jobs?${query(context)}`);
    context.print(list.jobs.length === 0 ? "no jobs" : table(list.jobs.map(row)), list);
    return exitCodes.done;
  },
};

/** Waits until a job has ended, and says how. */
export async function awaitJob(context: Context, requestId: string): Promise<ExitCode> {
  for (;;) {
    const job = await askJob(context, requestId);
    if (job.state !== "pending" && job.state !== "streaming") {
      context.print(outcome(job), job);
      return job.state === "completed" ? exitCodes.done : exitCodes.failed;
    }
    context.progress(`${job.state} ${clock(job.positionMs ?? 0)}`);
    await setTimeout(POLL_MS, undefined, { signal: context.signal });
  }
}

/** One line on a job. */
export function line(job: JobSummary): string {
  return row(job).join("  ").trimEnd();
}

/** One line on a step. */
export function stepLine({ step, atMs, positionMs, tookMs, note }: JobStep): string {
  const details = [
    positionMs === undefined ? "" : `at ${clock(positionMs)}`,
    tookMs === undefined ? "" : `took ${Math.round(tookMs)} ms`,
    note ?? "",
  ].filter((detail) => detail !== "");
  return `+${Math.round(atMs)} ms`.padStart(10) + `  ${step.padEnd(16)}  ${details.join(", ")}`.trimEnd();
}

function askJob(context: Context, requestId: string): Promise<Job> {
  return askCloud(context, JobSchema, `/api/jobs/${encodeURIComponent(requestId)}`);
}

function query(context: Context): string {
  const user = textOption(context, "user");
  const state = textOption(context, "state");
  const limit = numberOption(context, "limit", 1, 500) ?? 20;
  return new URLSearchParams({
    limit: String(limit),
    ...(user === undefined ? {} : { userId: user }),
    ...(state === undefined ? {} : { state }),
  }).toString();
}

function row(job: JobSummary): string[] {
  const { requestId, userId, startedAt, what } = job;
  return [new Date(startedAt).toISOString().slice(11, 19), outcome(job), userId, requestId, what];
}

function outcome({ state, positionMs, durationMs, error, reason, paused }: JobSummary): string {
  switch (state) {
    case "pending":
      return "pending";
    case "streaming":
      return `${paused === true ? "paused" : "playing"} ${clock(positionMs ?? 0)}`;
    case "completed":
      return `completed ${clock(durationMs ?? 0)}`;
    case "cancelled":
      return `cancelled (${reason ?? "unknown"})`;
    case "error":
      return `failed (${error ?? "internal"})`;
  }
}

function describeJob(job: Job): string {
  const { requestId, userId, packageName, what, mode, message, durationMs, deviceDurationMs } = job;
  const rows = [
    ["job", requestId],
    ["state", outcome(job)],
    ...(message === undefined ? [] : [["message", message]]),
    ["user", userId],
    ["app", `${packageName} (${mode})`],
    ["sound", what],
    ...(durationMs === undefined ? [] : [["heard", clock(durationMs)]]),
    ...(deviceDurationMs === undefined ? [] : [["on glasses", clock(deviceDurationMs)]]),
  ];
  return `${table(rows)}\n\n${job.timeline.map(stepLine).join("\n")}`;
}
