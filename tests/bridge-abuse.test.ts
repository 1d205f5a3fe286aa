import { readFile } from "node:fs/promises";
import { BridgeClient } from "@server-playback/bridge-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BridgeRig } from "./harness/BridgeRig.js";

const secret = "the-bridge's-secret";
let rig: BridgeRig;
beforeAll(async () => {
  rig = await BridgeRig.start({
    BRIDGE_SHARED_SECRET: secret,
    FETCH_ALLOW: "192.0.2.0/24",
    MAX_COMMANDS_PER_SECOND: "20",
    LOG_LEVEL: "debug",
  });
});
afterAll(() => rig.close());

test.each([
  "http://127.0.0.1:1/x.wav",
  "http://localhost:1/x.wav",
  "http://2130706433/x.wav",
  "http://0x7f.1/x.wav",
  "http://[::ffff:10.0.0.1]/x.wav",
  "http://169.254.169.254/latest/meta-data/",
  "https://[64:ff9b::a00:1]/",
  "file:///etc/passwd",
])("SEC-1 %s is refused, and nothing of it is told", async (url) => {
  const client = await BridgeClient.connect(rig.bridge.wsUrl, { secret });
  const token = await rig.token("abuse", "bridge", "publish");
  const ended = client.waitFor((event) => (event.type === "play_complete" ? event : undefined));
  client.send({ action: "play_url", requestId: "r1", url: `${url}?key=hidden`, roomName: "abuse", token });
  const end = await ended;
  expect(end).toMatchObject({ success: false, error: "blocked_address" });
  expect(JSON.stringify(end)).not.toContain("hidden");
  await client.close();
});

test("SEC-5 a page of a browser is kept out, even with the secret", async () => {
  const socket = new WebSocket(rig.bridge.wsUrl, {
    headers: { authorization: `Bearer ${secret}`, origin: "https://evil.example" },
  });
  const status = await new Promise((resolve) =>
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode)),
  );
  socket.on("error", () => {});
  socket.terminate();
  expect(status).toBe(403);
});

test("SEC-6 a flood of commands is answered as rate_limited, and the next connection notices nothing", async () => {
  const flooder = await BridgeClient.connect(rig.bridge.wsUrl, { secret });
  const limited = flooder.waitFor((event) =>
    event.type === "error" && event.error === "rate_limited" ? event : undefined,
  );
  for (let i = 0; i < 100; i++) {
    flooder.send({ action: "ping", requestId: `p${i}` });
  }
  await limited;
  const other = await BridgeClient.connect(rig.bridge.wsUrl, { secret });
  await other.ping();
  await Promise.all([flooder.close(), other.close()]);
});

test("SEC-8 the log holds none of it", async () => {
  const log = await readFile(rig.logFile, "utf8");
  expect(log.length).toBeGreaterThan(0);
  for (const hidden of ["hidden", secret, rig.liveKit.apiSecret, "eyJ"]) {
    expect(log).not.toContain(hidden);
  }
});
