import type { Closable } from "../closers.js";
import { binary, type StackEnv } from "./env.js";
import { ManagedProcess, probeHttp } from "./ManagedProcess.js";
import { choosePort, HOST } from "./ports.js";

/** The settings that a bridge takes from the environment. */
const settings = [
  "BRIDGE_SHARED_SECRET",
  "BRIDGE_SHARED_SECRET_PREVIOUS",
  "PUBLISH_GAIN",
  "PUBLISH_CHANNELS",
  "OPUS_BITRATE",
  "OPUS_COMPLEXITY",
  "OPUS_FRAME_MS",
  "OPUS_FEC",
  "OPUS_PASSTHROUGH",
  "MAX_STREAMS",
  "MAX_STREAMS_PER_SESSION",
  "MAX_SESSIONS",
  "MAX_COMMANDS_PER_SECOND",
  "MAX_LATE_PERCENT",
  "SPEAKER_MAX_DURATION_MS",
  "SUBSCRIBER_WAIT_MS",
  "SOURCE_STALL_MS",
  "FETCH_ALLOW",
  "FETCH_MAX_BYTES",
  "SESSION_GRACE_MS",
  "ROOM_RECOVERY_MS",
  "DRAIN_TIMEOUT_MS",
  "DEBUG_TONE",
  "LOG_LEVEL",
  "LOG_FORMAT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_BSP_SCHEDULE_DELAY",
  "GOMAXPROCS",
];

/** The sounds of a stack are served on this machine, which a bridge does not fetch from unless told to. */
const FETCH_ALLOW = "127.0.0.0/8,::1";
/** How long a bridge may drain before it is killed, in ms. */
const END_TIMEOUT_MS = 45_000;

/** A bridge process. */
export interface Bridge extends Closable {
  /** `http://host:port`, for `/healthz` and the like. */
  readonly url: string;
  /** Its socket. */
  readonly wsUrl: string;
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export async function startBridge(stack: StackEnv, liveKitUrl: string, name = "bridge"): Promise<Bridge> {
  const port = await choosePort("BRIDGE_PORT", stack.env, stack.usualPorts);
  const url = `http://${HOST}:${port}`;
  const child = await ManagedProcess.start({
    name,
    command: binary("BRIDGE_BIN", stack.env),
    env: { FETCH_ALLOW, ...pick(stack.env, settings), BRIDGE_PORT: String(port), LIVEKIT_URL: liveKitUrl },
    logDir: stack.logDir,
    endTimeoutMs: END_TIMEOUT_MS,
    ready: () => probeHttp(`${url}/readyz`),
  });
  return {
    url,
    wsUrl: `ws://${HOST}:${port}/ws`,
    pid: child.pid,
    kill: () => child.kill(),
    close: () => child.close(),
  };
}

/** The named settings of an environment, those that are set. */
export function pick(env: StackEnv["env"], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
