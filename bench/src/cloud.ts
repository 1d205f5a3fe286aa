/** `make bench-cloud`: what one cloud takes for each of many users, and how fast a play gets through it. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { choosePort, inRepository } from "@server-playback/simulator";
import { appEntry, Crowd, credentials } from "./cloud/Crowd.js";
import { NodeProcess } from "./cloud/NodeProcess.js";
import { StandInBridge } from "./cloud/StandInBridge.js";
import { coreShare } from "./process.js";
import { percentile } from "./stats.js";
import { format, type Line, write } from "./table.js";

/** Settings of this benchmark. */
const { SESSIONS: sessionsAsked = "2000", SECONDS: secondsAsked = "15" } = process.env;
const SESSIONS = Number(sessionsAsked);
const PLAYS_PER_SECOND = 200;
/** How long is measured, in s. */
const MEASURED_S = Number(secondsAsked);
const KB = 1024;
const limits = { sessionKb: 60, p99Ms: 20, growth: 1.5 };

interface Growth {
  readonly first: number;
  readonly second: number;
  readonly all: number;
}

async function main(): Promise<boolean> {
  const bridge = await StandInBridge.start();
  const webhook = await startWebhook();
  const folder = mkdtempSync(path.join(tmpdir(), "bench-cloud-"));
  try {
    process.stderr.write(`measuring: ${SESSIONS} sessions' sockets alone\n`);
    const bare = await measureBare(bridge);
    process.stderr.write(`measuring: the cloud with ${SESSIONS} sessions\n`);
    const lines = await measureCloud(bridge, webhook, folder, bare);
    process.stdout.write(`${format(lines)}\n`);
    write(inRepository("out", "bench", "cloud.json"), lines);
    return lines.every(({ ok }) => ok !== false);
  } finally {
    bridge.close();
    webhook.close();
    rmSync(folder, { recursive: true });
  }
}

async function measureBare(bridge: StandInBridge): Promise<Growth> {
  const script = fileURLToPath(new URL("cloud/bare-sockets.js", import.meta.url));
  const bare = new NodeProcess(script, { BRIDGE_URL: bridge.url });
  try {
    const crowd = new Crowd(await bare.said(/^listening on (\S+)/));
    const growth = await grow(bare, crowd, async (size) => crowd.grow(size, true));
    crowd.leave();
    return growth;
  } finally {
    await bare.close();
  }
}

async function measureCloud(
  bridge: StandInBridge,
  webhook: Server,
  folder: string,
  bare: Growth,
): Promise<Line[]> {
  const { cloud, url } = await startCloud(bridge, webhook, folder);
  try {
    const crowd = new Crowd(url);
    const growth = await grow(cloud, crowd, async (size) => {
      const before = crowd.size;
      await crowd.grow(size);
      await playThrough(crowd, bridge, size - before); // each user's connection to the bridge is open then
    });
    await eventLoopP99Ms(url); // begins its measuring anew
    let times: number[] = [];
    const share = await coreShare([cloud.pid], async () => {
      times = await playThrough(crowd, bridge, MEASURED_S * PLAYS_PER_SECOND);
    });
    const lagMs = await eventLoopP99Ms(url);
    crowd.leave();
    return [...memoryLines(growth, bare), ...timeLines(times, lagMs, share)];
  } finally {
    await cloud.close();
  }
}

async function startCloud(bridge: StandInBridge, webhook: Server, folder: string) {
  const appsFile = path.join(folder, "apps.json");
  const { port } = webhook.address() as AddressInfo;
  writeFileSync(appsFile, JSON.stringify([appEntry(`http://127.0.0.1:${port}/webhook`)]));
  const cloudPort = await choosePort("CLOUD_PORT", {}, false);
  const cloud = new NodeProcess(inRepository("packages", "cloud", "dist", "main.js"), {
    CLOUD_PORT: String(cloudPort),
    APPS_FILE: appsFile,
    GLASSES_JWT_SECRET: credentials.glassesSecret,
    LIVEKIT_URL: "ws://127.0.0.1:9", // tokens are made for it; nobody joins
    LIVEKIT_API_KEY: "bench",
    LIVEKIT_API_SECRET: "a-secret-of-the-bench-that-opens-nothing",
    LIVEKIT_GO_BRIDGE_URL: bridge.url,
    LOG_LEVEL: "info",
  });
  await cloud.said(/"msg":"(cloud listens)"/);
  return { cloud, url: `http://127.0.0.1:${cloudPort}` };
}

/** Bytes a session, of the first half of the sessions, of the second, and of all. */
async function grow(
  measured: NodeProcess,
  crowd: Crowd,
  to: (size: number) => Promise<void>,
): Promise<Growth> {
  await to(50); // what is loaded and compiled once is no session's
  const [few, half] = [crowd.size, Math.round(SESSIONS / 2)];
  const atFew = await measured.heldBytes();
  await to(half);
  const atHalf = await measured.heldBytes();
  await to(SESSIONS);
  const atAll = await measured.heldBytes();
  return {
    first: (atHalf - atFew) / (half - few),
    second: (atAll - atHalf) / (SESSIONS - half),
    all: (atAll - atFew) / (SESSIONS - few),
  };
}

/** So many plays at the rate; from each app's request to the command at the bridge, in ms. */
async function playThrough(crowd: Crowd, bridge: StandInBridge, plays: number): Promise<number[]> {
  const asked = new Map<string, number>();
  const startedAt = performance.now();
  while (asked.size < plays) {
    const due = Math.min(plays, ((performance.now() - startedAt) * PLAYS_PER_SECOND) / 1000);
    while (asked.size < due) {
      asked.set(crowd.play(), performance.now());
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline && [...asked.keys()].some((id) => !bridge.arrivals.has(id))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return [...asked].map(([id, at]) => (bridge.arrivals.get(id) ?? Number.POSITIVE_INFINITY) - at);
}

/** The event loop's delay since the last look, in ms. */
async function eventLoopP99Ms(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1] ?? Number.NaN) * 1000;
}

function memoryLines(cloud: Growth, bare: Growth): Line[] {
  const beyond = (cloud.all - bare.all) / KB;
  const growth = cloud.second / cloud.first;
  return [
    {
      name: `memory a session, of ${SESSIONS}`,
      unit: "KB",
      ours: cloud.all / KB,
      floor: bare.all / KB,
      peer: null,
      ratio: cloud.all / bare.all,
      target: `<= ${limits.sessionKb} KB over floor`,
      ok: beyond <= limits.sessionKb,
      note: `${beyond.toFixed(1)} KB beyond its sockets; the floor is those sockets in a bare server`,
    },
    {
      name: "memory, second half of the sessions against the first",
      unit: "KB",
      ours: cloud.second / KB,
      floor: cloud.first / KB,
      peer: null,
      ratio: growth,
      target: `<= ${limits.growth}x`,
      ok: growth <= limits.growth,
      note: "growth is linear",
    },
  ];
}

function timeLines(times: readonly number[], lagMs: number, share: number): Line[] {
  const line = (name: string, ours: number, target: number | null): Line => ({
    name,
    unit: "ms",
    ours,
    floor: null,
    peer: null,
    ratio: target === null ? null : ours / target,
    target: target === null ? null : `<= ${target} ms`,
    ok: target === null ? null : ours <= target,
  });
  const lost = times.filter((ms) => !Number.isFinite(ms)).length;
  const p99 = line(
    `app's request to bridge's command, p99 at ${PLAYS_PER_SECOND}/s`,
    percentile(times, 0.99),
    limits.p99Ms,
  );
  return [
    line(`app's request to bridge's command, p50 at ${PLAYS_PER_SECOND}/s`, percentile(times, 0.5), null),
    { ...p99, note: `${times.length} plays, ${lost} lost`, ok: p99.ok && lost === 0 },
    line("event loop delay, p99 meanwhile", lagMs, null),
    { ...line("CPU meanwhile", share * 100, null), unit: "% core" },
  ];
}

async function startWebhook(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

process.exitCode = (await main()) ? 0 : 1;
