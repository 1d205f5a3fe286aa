import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type App, hashApiKey } from "@server-playback/cloud";
import { SignJWT } from "jose";
import { z } from "zod";
import type { Closable } from "../closers.js";
import { Waiters } from "../wait.js";
import { pick } from "./bridge.js";
import type { StackEnv } from "./env.js";
import type { LiveKit } from "./livekit.js";
import { ManagedProcess, probeHttp } from "./ManagedProcess.js";
import { choosePort, HOST } from "./ports.js";

const settings = [
  "PUBLIC_URL",
  "SERVER_PLAYBACK_MODE",
  "SERVER_PLAYBACK_ENABLED",
  "PLAYBACK_FLAGS_FILE",
  "LISTENER_WAIT_MS",
  "ROOM_TIMEOUT_MS",
  "DRAIN_TIMEOUT_MS",
  "BRIDGE_SHARED_SECRET",
  "BRIDGE_COOLDOWN_MS",
  "SESSION_GRACE_MS",
  "PUBLIC_URL",
  "REDIS_URL",
  "LEASE_GRACE_MS",
  "LOG_LEVEL",
  "TTS_PROVIDER",
  "TTS_VOICE",
  "TTS_BASE_URL",
  "TTS_TIMEOUT_MS",
  "TTS_CACHE_DIR",
  "TTS_CACHE_MEMORY_BYTES",
  "OPENAI_API_KEY",
  "LOG_FORMAT",
  "LOG_HASH_USERS",
  "CONSOLE_TOKEN",
  "JOBS_DB",
  "JOBS_MAX",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_BSP_SCHEDULE_DELAY",
];
/** Lines of the log that are kept. */
const MAX_LOG_LINES = 20_000;

/** An app that a cloud lets in. */
export interface AppCredentials {
  readonly packageName: string;
  readonly apiKey: string;
  readonly webhookUrl: string;
}

/** One line of the cloud's log: what is looked for by name, and whatever else it holds. */
const LogLineSchema = z.looseObject({
  msg: z.string().optional(),
  requestId: z.string().optional(),
  state: z.string().optional(),
  error: z.string().optional(),
  reason: z.string().optional(),
  durationMs: z.number().optional(),
});
export type LogLine = Readonly<z.infer<typeof LogLineSchema>>;

/** A cloud process. */
export class CloudProcess implements Closable {
  readonly #log: LogLine[] = [];
  readonly #waiters = new Waiters();
  #process: ManagedProcess | undefined;

  private constructor(
    readonly url: string,
    readonly glassesTokenSecret: string,
    private readonly onLine: (line: LogLine) => void = () => {},
  ) {}

  static async start(
    stack: StackEnv,
    parts: {
      liveKit?: LiveKit;
      bridgeUrl?: string;
      apps: readonly AppCredentials[];
      glassesTokenSecret: string;
      name?: string;
      /** Told each line of the log. */
      onLine?: (line: LogLine) => void;
    },
  ): Promise<CloudProcess> {
    const port = await choosePort("CLOUD_PORT", stack.env, stack.usualPorts);
    const cloud = new CloudProcess(`http://${HOST}:${port}`, parts.glassesTokenSecret, parts.onLine);
    cloud.#process = await ManagedProcess.start({
      name: parts.name ?? "cloud",
      command: process.execPath,
      args: [fileURLToPath(new URL("main.js", import.meta.resolve("@server-playback/cloud")))],
      env: {
        ...pick(stack.env, settings),
        CLOUD_PORT: String(port),
        APPS_FILE: writeApps(stack.logDir, parts.apps),
        GLASSES_JWT_SECRET: parts.glassesTokenSecret,
        LIVEKIT_URL: parts.liveKit?.url,
        LIVEKIT_API_KEY: parts.liveKit?.apiKey,
        LIVEKIT_API_SECRET: parts.liveKit?.apiSecret,
        LIVEKIT_GO_BRIDGE_URL: parts.bridgeUrl,
      },
      logDir: stack.logDir,
      ready: () => probeHttp(`${cloud.url}/readyz`),
      onLine: (line) => cloud.#read(line),
    });
    return cloud;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** The log from its beginning. */
  get log(): readonly LogLine[] {
    return this.#log;
  }

  /** Resolves with the first line of the log, past ones too, for which `look` gives something. */
  waitForLog<T>(what: string, look: (line: LogLine) => T | undefined, timeoutMs?: number): Promise<T> {
    return this.#waiters.until(what, () => firstOf(this.#log, look), timeoutMs);
  }

  /** A token for a user's glasses. */
  glassesToken(userId: string): Promise<string> {
    return new SignJWT({ email: userId })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime("12h")
      .sign(new TextEncoder().encode(this.glassesTokenSecret));
  }

  /** Starts or stops an app for a user, as the user's phone does. */
  async app(action: "start" | "stop", packageName: string, userId: string): Promise<void> {
    const response = await fetch(`${this.url}/apps/${encodeURIComponent(packageName)}/${action}`, {
      method: "POST",
      headers: { authorization: `Bearer ${await this.glassesToken(userId)}` },
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`The cloud did not ${action} ${packageName}: ${response.status} ${text}`);
    }
  }

  /** The value of each metric without labels, by name. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split("\n").map((line) => /^([a-z_:]+) ([-+.\deE]+|NaN)$/.exec(line));
    return new Map(lines.flatMap((match) => (match === null ? [] : [[match[1] ?? "", Number(match[2])]])));
  }

  /** Asks it to end, and does not wait. */
  terminate(): void {
    this.#process?.signal("SIGTERM");
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** Resolves with its exit code when it has ended; null if a signal ended it. */
  async exited(): Promise<number | null> {
    return (await this.#process?.exited) ?? null;
  }

  async close(): Promise<void> {
    await this.#process?.close();
  }

  #read(text: string): void {
    const line = readLine(text);
    if (line !== undefined) {
      this.#log.push(line);
      this.#log.splice(0, this.#log.length - MAX_LOG_LINES);
      this.onLine(line);
      this.#waiters.check();
    }
  }
}

/** What is no line of the log is undefined: it is in the log file. */
function readLine(text: string): LogLine | undefined {
  try {
    return LogLineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function firstOf<T>(lines: readonly LogLine[], look: (line: LogLine) => T | undefined): T | undefined {
  for (const line of lines) {
    const found = look(line);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** Keys are written as hashes, as an operator would. */
function writeApps(logDir: string, apps: readonly AppCredentials[]): string {
  const entries: App[] = apps.map(({ packageName, apiKey, webhookUrl }) => ({
    packageName,
    webhookUrl,
    apiKeyHash: hashApiKey(apiKey),
  }));
  const file = path.join(logDir, "apps.json");
  mkdirSync(logDir, { recursive: true });
  writeFileSync(file, JSON.stringify(entries));
  return file;
}
