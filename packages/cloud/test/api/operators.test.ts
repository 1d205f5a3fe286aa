import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type LiveMessage, LiveMessageSchema } from "@server-playback/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { OperatorAccess } from "../../src/api/access.js";
import { ConsoleFiles } from "../../src/api/console-files.js";
import { LiveFeed } from "../../src/api/LiveFeed.js";
import { JobHistory } from "../../src/jobs/JobHistory.js";
import { JobStore } from "../../src/jobs/JobStore.js";
import { Metrics } from "../../src/metrics.js";
import { newJob } from "../../src/speaker-job.js";
import { connectGlasses } from "../clients.js";
import {
  app,
  liveKit,
  loggerInto,
  startTestCloud,
  type TestCloud,
  type TestCloudOptions,
  user,
} from "../fixtures.js";

const consoleToken = "a-console-token-of-length";
let cloud: TestCloud | undefined;

afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

async function start(options: TestCloudOptions = {}): Promise<TestCloud> {
  cloud = await startTestCloud({ consoleToken, ...options });
  return cloud;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(method: string, path: string, body?: unknown, token = consoleToken): Promise<Answer> {
  const response = await fetch(`${cloud?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Asks with headers that `fetch` does not let through. */
function askRaw(path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${cloud?.url}${path}`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once("error", reject).end();
  });
}

/** An operator's socket, with all that it was told. */
async function live(query = `?token=${consoleToken}`): Promise<{
  messages: LiveMessage[];
  until(isMeant: (message: LiveMessage) => boolean): Promise<LiveMessage>;
  closed: Promise<number>;
  socket: WebSocket;
}> {
  const socket = new WebSocket(`${cloud?.url.replace("http", "ws")}/api/live${query}`);
  const messages: LiveMessage[] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (data) => {
    messages.push(LiveMessageSchema.parse(JSON.parse(data.toString())));
    for (const look of waiting) {
      look();
    }
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const until = (isMeant: (message: LiveMessage) => boolean) =>
    new Promise<LiveMessage>((resolve) => {
      const look = () => {
        const found = messages.find(isMeant);
        if (found !== undefined) {
          waiting.delete(look);
          resolve(found);
        }
      };
      waiting.add(look);
      look();
    });
  return { messages, until, closed, socket };
}

describe("OPS-3 operators", () => {
  it("show the token, in a header or a socket's query, and nobody else is let in", async () => {
    await start();
    expect((await ask("GET", "/api/sessions")).status).toBe(200);
    expect(await ask("GET", "/api/sessions", undefined, "wrong")).toMatchObject({
      status: 401,
      body: { error: "unauthorized" },
    });
    expect((await ask("POST", `/api/sessions/${user}/play`, { url: "http://x.example" }, "")).status).toBe(
      401,
    );
    expect(await (await live("?token=wrong")).closed).toBe(1008);
    expect(await (await live("")).closed).toBe(1008);
    await (await live()).until(({ type }) => type === "snapshot");
  });

  it("need no token on this machine, where no page of another site is one", async () => {
    await start({ consoleToken: undefined });
    const host = new URL(cloud?.url ?? "").host;
    expect(await askRaw("/api/sessions", { host })).toBe(200);
    expect(await askRaw("/api/sessions", { host, origin: `http://${host}` })).toBe(200);
    expect(await askRaw("/api/sessions", { host, origin: "http://evil.example" })).toBe(403);
    expect(await askRaw("/api/sessions", { host, origin: "null" })).toBe(403);
    expect(await askRaw("/api/sessions", { host: "rebound.example" })).toBe(403);
  });

  it("are off where anybody could be one", () => {
    const refuse = (host: string) =>
      new OperatorAccess(undefined, host).refuse({ headers: { host: "127.0.0.1" } } as never)?.error;
    expect(refuse("0.0.0.0")).toBe("console_off");
    expect(refuse("10.0.0.7")).toBe("console_off");
    expect(refuse("127.0.0.1")).toBeUndefined();
    expect(refuse("::1")).toBeUndefined();
  });
});

describe("OPS-4 the operators' routes", () => {
  it("tell sessions and jobs", async () => {
    await start({ liveKit });
    await connectGlasses(cloud as TestCloud);
    const { sessions } = (await ask("GET", "/api/sessions")).body as { sessions: Record<string, unknown>[] };
    expect(sessions).toMatchObject([
      { userId: user, glasses: "connected", apps: [], bridge: "idle", activeJobs: 0 },
    ]);
    expect((await ask("GET", "/api/jobs?limit=5")).body).toEqual({ jobs: [] });
  });

  it("say which field of a bad request is wrong", async () => {
    await start();
    const path = `/api/sessions/${user}/play`;
    expect(await ask("POST", path, "{")).toMatchObject({ status: 400, body: { error: "invalid_json" } });
    expect(await ask("POST", path, { url: "http://x.example", text: "and text" })).toMatchObject({
      status: 400,
      body: { error: "invalid_message", field: "url" },
    });
    expect(await ask("POST", path, { url: "http://x.example", volume: 3 })).toMatchObject({
      status: 400,
      body: { field: "volume" },
    });
    expect(await ask("POST", path, `"${"x".repeat(70_000)}"`)).toMatchObject({ status: 400 });
    expect(await ask("GET", "/api/jobs?limit=0")).toMatchObject({ status: 400, body: { field: "limit" } });
    expect(await ask("GET", "/api/jobs?before=x")).toMatchObject({ status: 400, body: { field: "before" } });
  });

  it("are told why a play is not taken", async () => {
    await start({ liveKit, bridge: { url: "ws://127.0.0.1:9/ws", secret: undefined } });
    await connectGlasses(cloud as TestCloud);
    const feed = await live();
    const path = `/api/sessions/${user}/play`;
    const refused = async (body: object) => (await ask("POST", path, body)).body;
    expect(await refused({ text: "Good morning." })).toEqual({
      error: "playback_off",
      message: "Nobody speaks here: set up a voice.",
    });
    const lost = { url: "http://x.example", requestId: "lost" };
    expect((await ask("POST", path, lost)).status).toBe(200);
    await feed.until((message) => message.type === "job" && message.job.state === "error");
    expect((await ask("POST", path, lost)).status).toBe(409);
    expect(await refused(lost)).toMatchObject({ error: "request_in_use" });
    expect(await refused({ url: "http://x.example" })).toMatchObject({
      error: "bridge_unavailable",
      message: expect.stringContaining("try again later"),
    });
    feed.socket.terminate();
  });

  it("say what is not there, and what cannot be done", async () => {
    await start();
    expect(await ask("GET", "/api/jobs/none")).toMatchObject({ status: 404, body: { error: "unknown_job" } });
    expect(await ask("POST", "/api/jobs/none/control", { action: "stop" })).toMatchObject({ status: 404 });
    expect(await ask("POST", "/api/sessions/nobody/play", { url: "http://x.example" })).toMatchObject({
      status: 404,
      body: { error: "unknown_session" },
    });
    expect(await ask("DELETE", "/api/sessions")).toMatchObject({ status: 405 });
    await connectGlasses(cloud as TestCloud);
    expect(await ask("POST", `/api/sessions/${user}/play`, { url: "http://x.example" })).toMatchObject({
      status: 409,
      body: { error: "playback_off", message: "Playback in the room is turned off." },
    });
    expect(await ask("POST", `/api/sessions/${user}/stop`)).toEqual({ status: 200, body: { stopped: 0 } });
    expect(await ask("POST", `/api/sessions/${user}/listen`)).toMatchObject({
      status: 404,
      body: { error: "no_room" },
    });
  });

  it("let a page listen, as one of several, and do nothing else", async () => {
    await start({ liveKit });
    await connectGlasses(cloud as TestCloud);
    const listen = async () => (await ask("POST", `/api/sessions/${user}/listen`)).body as { token: string };
    const claims = (token: string) =>
      JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const [first, second] = [claims((await listen()).token), claims((await listen()).token)];
    expect(first.video).toMatchObject({ canPublish: false, canSubscribe: true, canPublishData: false });
    expect(first.sub).not.toBe(second.sub);
  });
});

describe("OPS-5 the live feed", () => {
  it("begins with what is, and then tells what changes", async () => {
    await start();
    const feed = await live();
    await feed.until(({ type }) => type === "snapshot");
    const glasses = await connectGlasses(cloud as TestCloud);
    await feed.until((message) => message.type === "session" && message.session.glasses === "connected");
    await glasses.close();
    await feed.until((message) => message.type === "session" && message.session.glasses === "away");
    expect(feed.messages[0]).toEqual({ type: "snapshot", sessions: [], jobs: [] });
    feed.socket.close();
  });

  it("closes when the server does", async () => {
    const running = await start();
    const feed = await live();
    await feed.until(({ type }) => type === "snapshot");
    await running.close();
    expect(await feed.closed).toBe(1012);
  });
});

it("OPS-5 a reader that does not read is cut off, and the others are not", async () => {
  const metrics = new Metrics();
  const history = new JobHistory(new JobStore(":memory:", 10));
  const feed = new LiveFeed({
    access: new OperatorAccess(undefined, "127.0.0.1"),
    operations: { sessions: () => [], session: () => undefined } as never,
    history,
    metrics,
    log: loggerInto([]),
  });
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (ws, request) => feed.accept(ws, request, new URLSearchParams()));
  await once(server, "listening");
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(socket, "message");
    return socket;
  };
  const [slow, quick] = [await open(), await open()];
  slow.pause();
  const request = {
    type: "audio_play_request",
    requestId: "r1",
    packageName: app,
    audioUrl: "http://x",
  } as const;
  history.onJob(user, newJob(request, {}, Date.now()));
  while (server.clients.size === 2 && (await metric(metrics)) === 0) {
    for (let i = 0; i < 200; i++) {
      history.onStep(user, "r1", { step: "buffering", note: "x".repeat(256) });
    }
    await setImmediate();
  }
  expect(await metric(metrics)).toBe(1);
  expect(quick.readyState).toBe(WebSocket.OPEN);
  slow.terminate();
  quick.terminate();
  feed.close();
  history.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));

  async function metric({ liveCutOff }: Metrics): Promise<number> {
    return (await liveCutOff.get()).values[0]?.value ?? 0;
  }
});

describe("OPS-6 the console's files", () => {
  it("say how to build them when they are not built", async () => {
    const folder = mkdtempSync(join(tmpdir(), "console-"));
    const files = new ConsoleFiles(folder);
    expect(await files.answer("/console/")).toMatchObject({
      status: 503,
      body: expect.stringContaining("make build"),
    });
    rmSync(folder, { recursive: true });
  });

  it("are served with their types and a policy, and no other file is", async () => {
    const folder = mkdtempSync(join(tmpdir(), "console-"));
    const root = join(folder, "dist");
    mkdirSync(join(root, "assets"), { recursive: true });
    writeFileSync(join(root, "index.html"), "<!doctype html>");
    writeFileSync(join(root, "assets", "index-abc.js"), "export {};");
    writeFileSync(join(root, ".hidden"), "hidden");
    writeFileSync(join(folder, "secret.txt"), "secret");
    const files = new ConsoleFiles(root, "wss://my.livekit.cloud");
    const page = await files.answer("/console/");
    expect(page).toMatchObject({
      status: 200,
      headers: { "content-type": "text/html; charset=utf-8", "x-content-type-options": "nosniff" },
    });
    expect(page.headers["content-security-policy"]).toContain(
      "connect-src 'self' wss://my.livekit.cloud https://my.livekit.cloud",
    );
    expect(page.headers["content-security-policy"]).not.toContain("unsafe");
    expect(await files.answer("/console/assets/index-abc.js")).toMatchObject({
      status: 200,
      headers: {
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": expect.stringContaining("immutable"),
      },
    });
    expect(await files.answer("/console")).toMatchObject({ status: 308, headers: { location: "/console/" } });
    for (const path of [
      "../secret.txt",
      "%2e%2e/secret.txt",
      "..%2fsecret.txt",
      "..%5csecret.txt",
      ".hidden",
      "assets",
      "a%00b",
      "%E0%A4%A",
      "/etc/passwd",
    ]) {
      expect((await files.answer(`/console/${path}`)).status, path).toBe(404);
    }
    rmSync(folder, { recursive: true });
  });
});
