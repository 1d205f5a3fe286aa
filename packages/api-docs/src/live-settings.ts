import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { settings } from "@server-playback/cloud";
import { binary } from "@server-playback/simulator";
import { readBridgeSettings, type SettingRow } from "./settings-page.js";

/** The settings that the cloud reads. */
export function cloudSettings(): SettingRow[] {
  return Object.entries(settings).map(([name, { help, secret }]) => ({
    name,
    meaning: help,
    fromFile: secret === true,
  }));
}

/** The settings that the bridge reads: asked of the bridge itself. */
export async function bridgeSettings(): Promise<SettingRow[]> {
  const { BRIDGE_BIN } = process.env;
  const path = binary("BRIDGE_BIN", { BRIDGE_BIN });
  const { stdout } = await promisify(execFile)(path, ["--help"], { timeout: 10_000 });
  return readBridgeSettings(stdout);
}
