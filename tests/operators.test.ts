import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Job, JobListSchema, JobSchema, PlayAcceptedSchema } from "@server-playback/protocol";
import { Closers, CloudProcess, Stack } from "@server-playback/simulator";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { CommandLine } from "./harness/CommandLine.js";
import { Wearer } from "./harness/LineUnderTest.js";
import { stackEnv } from "./harness/stack-env.js";

const DoctorSchema = z.object({ findings: z.array(z.object({ of: z.string(), is: z.string() })) });
const ReadinessSchema = z.object({
  thresholds: z.array(z.object({ name: z.string(), holds: z.boolean(), value: z.number().optional() })),
});

const token = "an-operators-token-of-length";
const folder = mkdtempSync(join(tmpdir(), "operators-"));
const settings = { CONSOLE_TOKEN: token, JOBS_DB: join(folder, "jobs.db"), LOG_HASH_USERS: "true" };
const closers = new Closers();
let stack: Stack;
let wearer: Wearer;
let commandLine: CommandLine;

beforeAll(async () => {
  const { url, apiKey, apiSecret } = inject("liveKit");
  const liveKit = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
  stack = closers.own(await Stack.start(stackEnv({ ...liveKit, ...settings }, "operators")));
  wearer = await Wearer.arrive(stack, closers);
  commandLine = new CommandLine({
    ...liveKit,
    CLOUD_URL: stack.parts.cloud.url,
    CONSOLE_TOKEN: token,
    LIVEKIT_GO_BRIDGE_URL: stack.parts.bridges[0]?.wsUrl,
  });
});

afterAll(async () => {
  await closers.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask<T>(
  schema: z.ZodType<T>,
  path: string,
  body?: object,
  url = stack.parts.cloud.url,
): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  expect(response.status, JSON.stringify(json)).toBe(200);
  return schema.parse(json);
}

async function play(body: object): Promise<string> {
  const path = `/api/sessions/${encodeURIComponent(wearer.userId)}/play`;
  return (await ask(PlayAcceptedSchema, path, body)).requestId;
}

/** The job, once it is as wanted. */
async function job(requestId: string, isMeant: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const found = await ask(JobSchema, `/api/jobs/${encodeURIComponent(requestId)}`);
    if (isMeant(found)) {
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const hasEnded = ({ state }: Job) => state !== "pending" && state !== "streaming";
const steps = ({ timeline }: Job) => timeline.map(({ step }) => step);
const sample = (name: string) => stack.parts.samples.url(name);

describe("OPS-4 an operator", () => {
  it("plays in a user's room, and sees how it went", async () => {
    const sinceMs = Date.now();
    const requestId = await play({ url: sample("chime.wav"), stopOther: true });
    const done = await job(requestId, ({ state }) => state === "completed");
    expect(await wearer.heard(sinceMs)).toBeDefined();
    expect(done).toMatchObject({ packageName: "console", kind: "url", userId: wearer.userId });
    expect(done.durationMs).toBeGreaterThan(500);
    expect(steps(done)[0]).toBe("asked");
    expect(steps(done)).toEqual(expect.arrayContaining(["fetched", "started"]));
    expect(steps(done).at(-1)).toBe("ended");
  });

  it("pauses, resumes and stops a play", async () => {
    const requestId = await play({ url: sample("tune-10s.mp3") });
    await job(requestId, ({ state }) => state === "streaming");
    const control = (body: object) => ask(PlayAcceptedSchema, `/api/jobs/${requestId}/control`, body);
    await control({ action: "pause" });
    await job(requestId, ({ paused }) => paused === true);
    await control({ action: "resume" });
    await job(requestId, ({ paused }) => paused === false);
    await control({ action: "volume", volume: 0.5, rampMs: 50 });
    await control({ action: "stop" });
    const stopped = await job(requestId, ({ state }) => state === "cancelled");
    expect(stopped.reason).toBe("operator");
    expect(steps(stopped)).toEqual(expect.arrayContaining(["started", "paused", "resumed", "ended"]));
  });

  it("seeks a play, in its sound and in a pause, and the room hears the rest", async () => {
    const sinceMs = Date.now();
    const requestId = await play({ url: sample("tune-10s.mp3") });
    await job(requestId, ({ positionMs = 0 }) => positionMs > 0);
    const control = (body: object) => ask(PlayAcceptedSchema, `/api/jobs/${requestId}/control`, body);
    await control({ action: "seek", positionMs: 6_000 });
    await job(requestId, ({ positionMs = 0 }) => positionMs > 6_300);
    await control({ action: "pause" });
    await job(requestId, ({ paused }) => paused === true);
    await control({ action: "seek", positionMs: 7_000 });
    await control({ action: "resume" });
    const done = await job(requestId, hasEnded);
    expect(done.state).toBe("completed");
    const inOrder = ["asked", "started", "sought", "paused", "sought", "resumed", "ended"];
    expect(steps(done).filter((step) => inOrder.includes(step))).toEqual(inOrder);
    const sought = done.timeline.filter(({ step }) => step === "sought");
    expect(sought.map(({ positionMs }) => positionMs)).toEqual([6_000, 7_000]);
    const resumed = done.timeline.find(({ step }) => step === "resumed");
    expect(resumed?.tookMs).toBeGreaterThan(0);
    // 3 s after the last seek, and what was heard before; never the 10 s of the file
    expect(done.durationMs).toBeGreaterThan(2_900);
    expect(done.durationMs).toBeLessThan(9_000);
    const heard = await wearer.heard(sinceMs);
    expect(Math.abs((heard?.soundMs ?? 0) - (done.durationMs ?? 0))).toBeLessThan(1_000);
  });

  it("queues a play behind another", async () => {
    const first = await play({ url: sample("chime.wav") });
    const second = await play({ url: sample("chime.wav"), queue: true });
    const [before, after] = [await job(first, hasEnded), await job(second, hasEnded)];
    expect([before.state, after.state]).toEqual(["completed", "completed"]);
    const startOf = ({ startedAt, timeline }: Job) =>
      startedAt + (timeline.find(({ step }) => step === "started")?.atMs ?? 0);
    expect(startOf(after) - startOf(before)).toBeGreaterThan((before.durationMs ?? 0) * 0.8);
  });

  it("sees a failure with its code", async () => {
    const requestId = await play({ url: `${sample("missing.mp3")}?key=hidden` });
    const failed = await job(requestId, ({ state }) => state === "error");
    expect(failed.error).toBe("http_status");
    expect(JSON.stringify(failed)).not.toContain("hidden");
  });

  it("sees an app's plays, and what the glasses said of them", async () => {
    const { requestId } = await wearer.play({ audioUrl: sample("chime.wav") });
    const shadow = await job(requestId, ({ deviceDurationMs }) => deviceDurationMs !== undefined);
    expect(shadow).toMatchObject({ mode: "shadow", state: "completed", packageName: stack.app.packageName });
    expect(Math.abs((shadow.durationMs ?? 0) - (shadow.deviceDurationMs ?? 0))).toBeLessThan(2_000);
  });
});

describe("OPS-30 the command line", () => {
  it("plays into a room by a bridge alone, and tells how it goes", async () => {
    const { code, printed } = await commandLine.json("play", sample("chime.wav"), "--room", "cli-room");
    expect(code).toBe(0);
    expect(printed[0]).toMatchObject({ type: "play_started", codec: expect.any(String) });
    expect(printed.at(-1)).toMatchObject({ type: "finished", outcome: "completed" });
    const text = await commandLine.run("play", sample("chime.wav"), "--room", "cli-room");
    expect(text.stdout).toMatch(/^playing \S+, first packet after [\d.]+ ms\ncompleted after 0:0\d\.\d\n$/);
  });

  it("stops at Ctrl-C, and says so by its exit code", async () => {
    const running = commandLine.start("play", sample("tune-10s.mp3"), "--room", "cli-room-2");
    await running.printed(/playing/);
    running.interrupt();
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(/stopped after/);
  });

  it("tells a failure by its code", async () => {
    const { code, stderr } = await commandLine.run("play", sample("missing.mp3"), "--room", "cli-room");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^http_status: /);
    const json = await commandLine.json("play", sample("missing.mp3"), "--room", "cli-room");
    expect(json).toMatchObject({ code: 1, printed: [{ error: "http_status" }] });
  });

  it("follows, lists, shows and stops jobs", async () => {
    const tail = commandLine.start("tail", "--user", wearer.userId);
    await tail.printed(/\d+ sessions, \d+ jobs/);
    const requestId = await play({ url: sample("tune-10s.mp3") });
    await tail.printed(new RegExp(`playing .*${requestId}`));
    expect((await commandLine.run("jobs", "--limit", "3")).stdout).toContain(requestId);
    expect(await commandLine.json("stop", "--job", requestId)).toMatchObject({ code: 0 });
    await tail.printed(new RegExp(`cancelled \\(operator\\).*${requestId}`));
    tail.interrupt();
    expect((await tail.ended).code).toBe(0);
    expect((await commandLine.run("jobs", requestId)).stdout).toMatch(/asked.*started.*ended/s);
    const listed = await commandLine.json("jobs", "--state", "cancelled");
    expect(JobListSchema.parse(listed.printed[0]).jobs.map((found) => found.requestId)).toContain(requestId);
    expect(await commandLine.json("stop", "--user", wearer.userId)).toEqual({
      code: 0,
      printed: [{ stopped: 0 }],
    });
  });

  it("says why a text is not spoken where nobody speaks, or that it was", async () => {
    const said = await commandLine.json("say", "Good morning.", "--user", wearer.userId, "--wait");
    const [answer] = said.printed;
    if (said.code === 0) {
      expect(answer).toMatchObject({ state: "completed", kind: "speech", what: "Good morning." });
    } else {
      expect(answer).toMatchObject({ error: "playback_off", message: expect.stringMatching(/voice/) });
    }
  });

  it("OPS-31 the doctor finds every part well, and says which one is not", async () => {
    const well = await commandLine.json("doctor");
    expect(well, JSON.stringify(well.printed)).toMatchObject({ code: 0, printed: [{ ok: true }] });
    const parts = DoctorSchema.parse(well.printed[0]).findings.map(({ of, is }) => `${of} ${is}`);
    expect(parts).toEqual([
      "cloud good",
      "bridge good",
      "capacity good",
      "LiveKit good",
      "clock good",
      "room good",
      "media good",
    ]);
    const { url, apiKey } = inject("liveKit");
    const ill = new CommandLine({
      LIVEKIT_URL: url,
      LIVEKIT_API_KEY: apiKey,
      LIVEKIT_API_SECRET: "the-wrong-secret-of-32-characters",
      LIVEKIT_GO_BRIDGE_URL: stack.parts.bridges[0]?.wsUrl,
      CLOUD_URL: "http://127.0.0.1:9",
    });
    const { code, stdout } = await ill.run("doctor");
    expect(code).toBe(1);
    expect(stdout).toMatch(/XX {2}cloud .*127\.0\.0\.1:9/);
    expect(stdout).toMatch(/XX {2}LiveKit .*refuses LIVEKIT_API_KEY/);
    expect(stdout).toMatch(/XX {2}room .*refused the token/);
    expect(stdout).toMatch(/ok {2}bridge/);
  });

  it("OPS-32 readiness holds the metrics against the thresholds", async () => {
    const { code, printed } = await commandLine.json("readiness");
    expect(code).toBe(1);
    const assessed = ReadinessSchema.parse(printed[0]).thresholds;
    expect(assessed.find(({ name }) => name === "plays that ended")).toMatchObject({ holds: false });
    expect(assessed.find(({ name }) => name.startsWith("share begun within"))?.value).toBeGreaterThan(0);
  });
});

it("OPS-1 the history survives the end of the cloud, also a sudden one", async () => {
  const before = await ask(JobListSchema, "/api/jobs?limit=50");
  expect(before.jobs.length).toBeGreaterThan(4);
  await stack.parts.cloud.kill();
  const next = closers.own(
    await CloudProcess.start(stackEnv(settings, "operators-again"), {
      apps: [],
      glassesTokenSecret: "a-secret-of-glasses-32-characters",
    }),
  );
  const after = await ask(JobListSchema, "/api/jobs?limit=50", undefined, next.url);
  expect(after.jobs).toEqual(before.jobs);
});
