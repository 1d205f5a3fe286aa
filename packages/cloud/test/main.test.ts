import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hashApiKey } from "../src/index.js";
import { glassesToken, glassesTokenSecret } from "./fixtures.js";
import { Peer } from "./peer.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

let folder: string;
let settings: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloud-main-"));
  const APPS_FILE = join(folder, "apps.json");
  writeFileSync(APPS_FILE, "[]");
  settings = { APPS_FILE, GLASSES_JWT_SECRET: glassesTokenSecret, CLOUD_PORT: "0" };
});

afterEach(() => rmSync(folder, { recursive: true }));

function start(command: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [main, ...command], { env });
}

async function run(command: string[], env: Record<string, string> = {}, input = "") {
  const child = start(command, env);
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { out, err, code };
}

/** The URL that a starting cloud logs. */
async function urlOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return (JSON.parse(chunk.toString().split("\n")[0] ?? "") as { url: string }).url;
}

async function occupyPort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as { port: number }).port };
}

describe("the command", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("ends with 0 on %s, after a goodbye to all", async (signal) => {
    const child = start([], settings);
    const url = await urlOf(child);
    const glasses = await Peer.connect(`${url}/glasses-ws?token=${await glassesToken()}`);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("process_cpu_seconds_total");
    const ended = once(child, "exit");
    child.kill(signal);
    expect(await glasses.closed).toMatchObject({ code: 1012 });
    expect(await ended).toEqual([0, null]);
  });

  it("REC-49 goes on while nobody reads what it logs", async () => {
    const child = start([], { ...settings, LOG_LEVEL: "debug" });
    const url = await urlOf(child);
    child.stdout.pause();
    for (let i = 0; i < 30; i++) {
      const many = Array.from({ length: 25 }, () => fetch(`${url}/apps/nobody/start`, { method: "POST" }));
      await Promise.all(many.map(async (response) => (await response).body?.cancel()));
      const peer = await Peer.connect(
        `${url}/glasses-ws?token=${await glassesToken(`user${i}@example.com`)}`,
      );
      await peer.next("connection_ack");
      for (let bad = 0; bad < 90; bad++) {
        peer.send({ type: `no-such-type-${bad}` });
      }
      await peer.cut();
    }
    const askedAt = performance.now();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(performance.now() - askedAt).toBeLessThan(2_000);
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it.skipIf(!existsSync("/dev/full"))("REC-49 goes on while the disk for its log is full", async () => {
    const full = openSync("/dev/full", "w");
    const port = await freePort();
    const child = spawn(process.execPath, [main], {
      env: { ...settings, CLOUD_PORT: String(port) },
      stdio: ["ignore", full, "ignore"],
    });
    closeSync(full);
    const url = `http://127.0.0.1:${port}`;
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), {
      timeout: 10_000,
    });
    for (let i = 0; i < 20; i++) {
      const peer = await Peer.connect(`${url}/glasses-ws?token=${await glassesToken()}`);
      await peer.next("connection_ack");
      await peer.close();
    }
    expect(child.exitCode).toBeNull();
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it("REPO-2 names a port that is in use, and what changes it", async () => {
    const { server, port } = await occupyPort();
    const { code, err } = await run([], { ...settings, CLOUD_PORT: String(port) });
    expect(err).toBe(`Port ${port} on 127.0.0.1 is in use: set CLOUD_PORT to another one.\n`);
    expect(code).toBe(1);
    server.close();
  });

  it("checks the configuration without starting", async () => {
    expect(await run(["check-config"], settings)).toMatchObject({ code: 0 });
    const { code, err } = await run(["check-config"], { CLOUD_PORT: "-1" });
    expect(code).toBe(1);
    expect(err.split("\n").filter((line) => line.startsWith("  - "))).toHaveLength(3);
  });

  it("makes keys whose hash it takes", async () => {
    const { out } = await run(["new-key"]);
    const { apiKey, apiKeyHash } = JSON.parse(out) as { apiKey: string; apiKeyHash: string };
    expect(apiKeyHash).toBe(hashApiKey(apiKey));
    expect(await run(["hash-key"], {}, `${apiKey}\n`)).toMatchObject({ out: `${apiKeyHash}\n`, code: 0 });
  });

  it("explains itself", async () => {
    const help = await run(["--help"]);
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain("LIVEKIT_GO_BRIDGE_URL");
    expect(await run(["--version"])).toMatchObject({ code: 0, out: "0.1.0\n" });
    expect(await run(["dance"])).toMatchObject({ code: 2, err: expect.stringContaining("Unknown command") });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
