import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maxTimelineSteps } from "@server-playback/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HistoryEvent, JobHistory } from "../../src/jobs/JobHistory.js";
import { JobStore, JobStoreError } from "../../src/jobs/JobStore.js";
import { Timeline } from "../../src/jobs/timeline.js";
import { failedJob, finishedJob, newJob, type PendingJob, streamingJob } from "../../src/speaker-job.js";
import { user } from "../fixtures.js";

let folder: string;
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "jobs-"));
  now = 1_000_000;
});

afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, "jobs.db");
const open = (path = file(), max = 100) => new JobHistory(new JobStore(path, max), () => now);
const asked = (requestId: string): PendingJob =>
  newJob(
    {
      type: "audio_play_request",
      requestId,
      packageName: "com.example.radio",
      audioUrl: "https://x.example/bell.mp3?key=hidden",
    },
    {},
    now,
  );
const started = {
  type: "play_started",
  requestId: "r1",
  firstFrameLatencyMs: 12,
  joinMs: 5,
  codec: "mp3",
  sampleRate: 44_100,
  channels: 2,
  expectedDurationMs: 3000,
} as const;

/** A whole play of 3 s. */
function playWhole(history: JobHistory, requestId = "r1"): void {
  const job = asked(requestId);
  history.onJob(user, job);
  history.onStep(user, requestId, { step: "asked" });
  now += 40;
  const streaming = streamingJob(job, { ...started, requestId }, now);
  history.onJob(user, streaming);
  history.onStep(user, requestId, { step: "started", tookMs: 12, note: "mp3" });
  now += 3000;
  history.onStep(user, requestId, { step: "ended" });
  history.onJob(
    user,
    finishedJob(streaming, { type: "play_complete", requestId, success: true, durationMs: 3000 }),
  );
}

describe("OPS-1 the history of jobs", () => {
  it("tells a job with its timeline, without what its URL hides", () => {
    const history = open(":memory:");
    playWhole(history);
    history.onStep(user, "r1", { step: "glasses_answered", positionMs: 3010 });
    expect(history.get("r1")).toEqual({
      requestId: "r1",
      userId: user,
      packageName: "com.example.radio",
      what: "https://x.example/bell.mp3",
      kind: "url",
      mode: "shadow",
      trackId: 0,
      state: "completed",
      paused: false,
      startedAt: 1_000_000,
      endedAt: 1_003_040,
      positionMs: 0,
      expectedDurationMs: 3000,
      durationMs: 3000,
      deviceDurationMs: 3010,
      firstFrameLatencyMs: 12,
      timeline: [
        { step: "asked", atMs: 0 },
        { step: "started", atMs: 40, tookMs: 12, note: "mp3" },
        { step: "ended", atMs: 3040 },
        { step: "glasses_answered", atMs: 3040, positionMs: 3010 },
      ],
    });
    history.close();
  });

  it("survives a restart", () => {
    const first = open();
    playWhole(first);
    const before = first.get("r1");
    first.close();
    const second = open();
    expect(second.get("r1")).toEqual(before);
    playWhole(second, "r2");
    expect(second.list({ limit: 10 }).jobs.map(({ requestId }) => requestId)).toEqual(["r2", "r1"]);
    second.close();
  });

  it("gives an end to what ran when the server was killed", () => {
    const store = new JobStore(file(), 100);
    const killed = new JobHistory(store, () => now);
    killed.onJob(user, asked("r1"));
    killed.onStep(user, "r1", { step: "asked" });
    store.flush();
    store.close(); // without the history's knowledge, as a kill
    const next = open();
    expect(next.get("r1")).toMatchObject({ state: "error", error: "internal" });
    expect(next.get("r1")?.timeline.at(-1)).toMatchObject({ step: "ended" });
    next.close();
  });

  it("keeps the newest, and pages through them", () => {
    const history = open(":memory:", 25);
    for (let i = 0; i < 40; i++) {
      playWhole(history, `r${i}`);
    }
    const pages: string[][] = [];
    let before: number | undefined;
    do {
      const { jobs, next } = history.list({ limit: 10, before });
      pages.push(jobs.map(({ requestId }) => requestId));
      before = next === undefined ? undefined : Number(next);
    } while (before !== undefined);
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, i) => `r${39 - i}`));
    expect(history.get("r14")).toBeUndefined();
    history.close();
  });

  it("finds by user and by state, and tells of the newest of a name", () => {
    const history = open(":memory:");
    playWhole(history, "same");
    now += 10;
    history.onJob("eve@example.com", asked("same"));
    history.onJob(user, failedJob(asked("broken"), "http_status", "404"));
    const names = (query: object) => history.list({ limit: 10, ...query }).jobs.map(({ userId }) => userId);
    expect(names({ userId: "eve@example.com" })).toEqual(["eve@example.com"]);
    expect(names({ state: "completed" })).toEqual([user]);
    expect(names({ state: "error" })).toEqual([user]);
    expect(history.get("same")?.userId).toBe("eve@example.com");
    history.close();
  });

  it("tells listeners what changes, in order", () => {
    const history = open(":memory:");
    const events: HistoryEvent[] = [];
    const leave = history.listen((event) => events.push(event));
    playWhole(history);
    expect(events.map((event) => (event.type === "job" ? event.job.state : event.step.step))).toEqual([
      "pending",
      "asked",
      "streaming",
      "started",
      "ended",
      "completed",
    ]);
    leave();
    playWhole(history, "r2");
    expect(events).toHaveLength(6);
    history.close();
  });

  it("says what to do with a file that it cannot use", () => {
    writeFileSync(file(), "this is no database, whatever its name says ".repeat(50));
    expect(() => open()).toThrow(JobStoreError);
    expect(() => open()).toThrow(/JOBS_DB: .*jobs\.db cannot be used/);
    expect(() => open(join(folder, "missing", "jobs.db"))).toThrow(JobStoreError);
  });
});

describe("OPS-2 a timeline", () => {
  it("of an hour keeps its whole course in a bounded number of steps", () => {
    const timeline = new Timeline();
    timeline.add({ step: "asked", atMs: 0 });
    for (let second = 1; second <= 3600; second++) {
      timeline.add({ step: "progress", atMs: second * 1000, positionMs: second * 1000 });
    }
    timeline.add({ step: "ended", atMs: 3_600_000 });
    const { steps } = timeline;
    expect(steps.length).toBeLessThanOrEqual(maxTimelineSteps);
    expect(steps.length).toBeGreaterThan(maxTimelineSteps / 3);
    expect(steps[0]?.step).toBe("asked");
    expect(steps.at(-1)?.step).toBe("ended");
    const gaps = steps.slice(1).map(({ atMs }, i) => atMs - (steps[i]?.atMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(64_000);
  });

  it("of endless pauses keeps its beginning and its end", () => {
    const timeline = new Timeline();
    timeline.add({ step: "asked", atMs: 0 });
    for (let i = 0; i < 2000; i++) {
      timeline.add({ step: i % 2 === 0 ? "paused" : "resumed", atMs: i });
    }
    expect(timeline.steps).toHaveLength(maxTimelineSteps);
    expect(timeline.steps[0]?.step).toBe("asked");
    expect(timeline.steps.at(-1)?.atMs).toBe(1999);
  });
});
