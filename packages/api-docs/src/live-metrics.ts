import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metrics } from "@server-playback/cloud";
import { startBridge } from "@server-playback/simulator";

/** What a cloud's `/metrics` says before anything has happened. */
export function cloudMetrics(): Promise<string> {
  return new Metrics().registry.metrics();
}

/** What a bridge's `/metrics` says before anything has happened: asked of the bridge itself. */
export async function bridgeMetrics(): Promise<string> {
  const logDir = await mkdtemp(join(tmpdir(), "bridge-metrics-"));
  const { BRIDGE_BIN } = process.env;
  const bridge = await startBridge({ env: { BRIDGE_BIN }, usualPorts: false, logDir }, "ws://127.0.0.1:9");
  try {
    const response = await fetch(new URL("/metrics", bridge.wsUrl.replace(/^ws/, "http")));
    return await response.text();
  } finally {
    await bridge.close();
    await rm(logDir, { recursive: true, force: true });
  }
}
