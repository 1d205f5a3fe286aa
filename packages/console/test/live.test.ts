import type { JobStep, JobSummary, LiveMessage, SessionSummary } from "@server-playback/protocol";
import { describe, expect, test } from "vitest";
import { reduce } from "../src/state/reducer.js";
import { activeJobs, countFailures, effectiveVolume, listJobs } from "../src/state/selectors.js";
import { type ConsoleState, initialState, maxJobs } from "../src/state/state.js";
import { mergeSteps } from "../src/state/steps.js";

const session = (userId: string): SessionSummary => ({
  userId,
  sessionId: `s-${userId}`,
  startedAt: 0,
  glasses: "connected",
  apps: [],
  bridge: "open",
  activeJobs: 0,
});

const job = (requestId: string, startedAt: number, more: Partial<JobSummary> = {}): JobSummary => ({
  requestId,
  userId: "ana",
  packageName: "app",
  what: "https://x.example/a.mp3",
  kind: "url",
  mode: "shadow",
  trackId: 0,
  state: "completed",
  startedAt,
  ...more,
});

const live = (state: ConsoleState, ...messages: LiveMessage[]) => reduce(state, { type: "live", messages });
const snapshot = (jobs: JobSummary[], sessions = [session("ana")]) =>
  ({ type: "snapshot", sessions, jobs }) as const;

describe("the state", () => {
  test("CON-10 lists a snapshot's jobs newest first, and chooses the first session", () => {
    const state = live(initialState, snapshot([job("old", 1), job("new", 2)]));
    expect(state.order).toEqual(["new", "old"]);
    expect(state.userId).toBe("ana");
    expect(state.loaded).toBe(true);
  });

  test("CON-10 does not change what it was made from", () => {
    const before = live(initialState, snapshot([job("a", 1)]));
    live(before, { type: "job", job: job("b", 2) }, { type: "session_ended", userId: "ana" });
    expect([...before.jobs.keys()]).toEqual(["a"]);
    expect([...before.sessions.keys()]).toEqual(["ana"]);
  });

  test("CON-10 a change of a job keeps the order as it is, by identity", () => {
    const before = live(initialState, snapshot([job("a", 1), job("b", 2)]));
    const after = live(before, { type: "job", job: job("a", 1, { state: "error" }) });
    expect(after.order).toBe(before.order);
    expect(after.jobs.get("a")?.state).toBe("error");
  });

  test("CON-10 a step moves the position of a job that runs, not of one that has ended", () => {
    const step: JobStep = { step: "progress", atMs: 1_000, positionMs: 900 };
    const before = live(initialState, snapshot([job("run", 2, { state: "streaming" }), job("done", 1)]));
    const after = live(
      before,
      { type: "job_step", requestId: "run", step },
      { type: "job_step", requestId: "done", step },
      { type: "job_step", requestId: "unknown", step },
      {
        type: "job_step",
        requestId: "run",
        step: { step: "glasses_answered", atMs: 1_100, positionMs: 5_000 },
      },
    );
    expect(after.jobs.get("run")?.positionMs).toBe(900);
    expect(after.jobs.get("done")?.positionMs).toBeUndefined();
    expect(after.timelines.get("unknown")).toBeUndefined();
  });

  test("CON-11 after a reconnect a job that ended meanwhile is not shown as playing", () => {
    const before = live(initialState, snapshot([job("a", 2, { state: "streaming" }), job("old", 1)]));
    const after = live(before, snapshot([job("b", 3)]));
    expect([...after.jobs.keys()].sort()).toEqual(["b", "old"]);
  });

  test("CON-11 the chosen session is kept while it lives, and another is chosen when it ends", () => {
    const two = live(initialState, snapshot([], [session("ana"), session("ben")]));
    const chosen = reduce(two, { type: "select_user", userId: "ben" });
    expect(live(chosen, { type: "session", session: session("chen") }).userId).toBe("ben");
    expect(live(chosen, { type: "session_ended", userId: "ben" }).userId).toBe("ana");
  });

  test("CON-12 holds a bounded number of jobs, the newest", () => {
    const jobs = Array.from({ length: maxJobs + 50 }, (_, index) => job(`j${index}`, index));
    const state = live(initialState, snapshot(jobs));
    expect(state.jobs.size).toBe(maxJobs);
    expect(state.order[0]).toBe(`j${maxJobs + 49}`);
    expect(state.jobs.has("j0")).toBe(false);
  });

  test("CON-12 older jobs are added behind, and what is known of a job is not replaced by the past", () => {
    const before = live(initialState, snapshot([job("a", 5, { state: "streaming" })]));
    const page = { type: "older_jobs", jobs: [job("a", 5), job("b", 1)], next: "7" } as const;
    const after = reduce(before, page);
    expect(after.order).toEqual(["a", "b"]);
    expect(after.jobs.get("a")?.state).toBe("streaming");
    expect(after.older).toEqual({ state: "more", before: "7" });
    expect(reduce(after, { ...page, next: undefined }).older).toEqual({ state: "none" });
  });

  test("CON-13 a loaded timeline and live steps make one, each step once, in order", () => {
    const before = live(initialState, snapshot([job("a", 1, { state: "streaming" })]), {
      type: "job_step",
      requestId: "a",
      step: { step: "started", atMs: 50 },
    });
    const timeline: JobStep[] = [
      { step: "asked", atMs: 0 },
      { step: "started", atMs: 50 },
    ];
    const after = reduce(before, { type: "job_loaded", job: { ...job("a", 1), timeline } });
    expect(after.timelines.get("a")).toEqual(timeline);
    expect(after.jobs.get("a")?.state).toBe("streaming");
  });

  test("CON-13 a long timeline loses its oldest progress and nothing else", () => {
    const progress = Array.from(
      { length: 400 },
      (_, index): JobStep => ({ step: "progress", atMs: 100 + index }),
    );
    const merged = mergeSteps([{ step: "asked", atMs: 0 }, ...progress], [{ step: "ended", atMs: 900 }]);
    expect(merged).toHaveLength(256);
    expect(merged[0]?.step).toBe("asked");
    expect(merged.at(-1)?.step).toBe("ended");
    expect(merged[1]?.atMs).toBe(100 + 400 - 254);
  });
});

describe("what is made of the state", () => {
  const state = live(
    initialState,
    snapshot([
      job("bad", 4, { state: "error", error: "http_status", userId: "ben" }),
      job("run", 3, { state: "streaming", trackId: 2 }),
      job("bad2", 2, { state: "error", error: "http_status" }),
      job("odd", 1, { state: "error", error: "decode_failed", what: "https://x.example/odd.flac" }),
    ]),
  );
  const names = (filter: Parameters<typeof listJobs>[1]) =>
    listJobs(state, filter, "ana").map(({ requestId }) => requestId);

  test("CON-12 the filter chooses by kind, by session and by text", () => {
    expect(names({ kind: "all", text: "", mine: false })).toEqual(["bad", "run", "bad2", "odd"]);
    expect(names({ kind: "active", text: "", mine: false })).toEqual(["run"]);
    expect(names({ kind: "failed", text: "", mine: true })).toEqual(["bad2", "odd"]);
    expect(names({ kind: "all", text: " ODD.flac ", mine: false })).toEqual(["odd"]);
  });

  test("CON-24 failures are counted by code, most frequent first", () => {
    expect(countFailures(state.jobs.values())).toEqual([
      ["http_status", 2],
      ["decode_failed", 1],
    ]);
  });

  test("CON-22 ducking turns down everything but speech, on top of the faders", () => {
    const mix = { levels: [1, 0.5, 0.8], ducked: true } as const;
    expect([0, 1, 2].map((layer) => effectiveVolume(mix, layer as 0 | 1 | 2))).toEqual([0.25, 0.125, 0.8]);
    expect(effectiveVolume({ ...mix, ducked: false }, 1)).toBe(0.5);
  });

  test("CON-22 the mixer reaches the jobs of the chosen session that run", () => {
    expect(activeJobs(state, "ana").map(({ requestId }) => requestId)).toEqual(["run"]);
    expect(activeJobs(state, "ben")).toEqual([]);
  });
});
