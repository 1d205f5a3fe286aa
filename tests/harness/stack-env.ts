import { inRepository, type StackEnv } from "@server-playback/simulator";

/** Variables that say where binaries are; no other setting of the caller reaches a test. */
const binaries = ["LIVEKIT_SERVER_BIN", "BRIDGE_BIN", "ROOM_TAP_BIN"];

/** Free ports, logs in `out/logs/tests`, the settings given and no others. */
export function stackEnv(settings: StackEnv["env"], folder = "tests"): StackEnv {
  const paths = Object.fromEntries(binaries.map((name) => [name, process.env[name]]));
  return { env: { ...paths, ...settings }, usualPorts: false, logDir: inRepository("out", "logs", folder) };
}
