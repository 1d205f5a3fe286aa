import { readFileSync } from "node:fs";
import { type App, AppsSchema } from "./apps.js";
import type { LiveKitSettings } from "./LiveKitManager.js";
import type { LogFormat } from "./logger.js";
import { type PlaybackMode, readFlags } from "./playback-flags.js";
import { type SettingName, type Settings, type SettingValues, secretNames, settings } from "./settings.js";
import { readSpeech, type SpeechConfig } from "./speech/speech-config.js";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that can be set, parsed once at the start. */
export interface CloudConfig {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The server's http(s) URL as apps reach it; absent means the address it listens on. */
  readonly publicUrl?: string | undefined;
  readonly apps: readonly App[];
  readonly glassesTokenSecret: string;
  readonly appTokenSecret?: string | undefined;
  readonly liveKit?: LiveKitSettings;
  readonly bridge?: { readonly url: string; readonly secret: string | undefined };
  /** What holds for those whom the flags do not name. */
  readonly playbackMode: PlaybackMode;
  /** Absent: texts are not spoken. */
  readonly speech?: SpeechConfig | undefined;
  /** Whether LiveKit and a bridge are there to be used, and nobody has forbidden it. */
  readonly canPlayInRoom: boolean;
  readonly playbackFlagsFile?: string | undefined;
  readonly listenerWaitMs?: number;
  readonly roomTimeoutMs?: number;
  /** How long sounds may go on after the order to stop, in ms. */
  readonly drainTimeoutMs?: number;
  readonly bridgeCooldownMs: number;
  readonly sessionGraceMs: number;
  /** What operators show; without it their side is for this machine alone. */
  readonly consoleToken?: string | undefined;
  readonly jobs: { readonly path: string; readonly max: number };
  /** Shared by the cloud's nodes; absent means that this one is alone. May hold a password. */
  readonly redisUrl?: string | undefined;
  readonly leaseGraceMs: number;
  readonly logLevel: string;
  /** Absent: whatever suits standard output. */
  readonly logFormat?: LogFormat | undefined;
  readonly logHashUsers?: boolean | undefined;
}

/** Everything that is wrong with the settings, each mistake with its fix. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length} mistake(s):\n${mistakes.map((m) => `  - ${m}`).join("\n")}`,
    );
  }
}

/**
 * Reads the settings from the environment, and the files that it names.
 * @throws {ConfigError} with every mistake in it
 */
export function loadConfig(env: Environment): CloudConfig {
  const mistakes: string[] = [];
  const values = readSettings(readSecretFiles(env, mistakes), mistakes);
  const apps = values.APPS_FILE === undefined ? [] : readApps(values.APPS_FILE, mistakes);
  const playback = readPlayback(values, mistakes);
  const speech = readSpeech(values, mistakes);
  checkFlags(values.PLAYBACK_FLAGS_FILE, mistakes);
  if (values.PUBLIC_URL === undefined && isWildcard(values.CLOUD_HOST)) {
    mistakes.push(
      "PUBLIC_URL: is missing; CLOUD_HOST is every address, so say under which URL apps find this server",
    );
  }
  if (mistakes.length > 0) {
    throw new ConfigError(mistakes);
  }
  return {
    host: required(values, "CLOUD_HOST"),
    port: required(values, "CLOUD_PORT"),
    publicUrl: values.PUBLIC_URL,
    apps,
    glassesTokenSecret: required(values, "GLASSES_JWT_SECRET"),
    appTokenSecret: values.APPS_JWT_SECRET,
    ...playback,
    speech,
    playbackFlagsFile: values.PLAYBACK_FLAGS_FILE,
    listenerWaitMs: required(values, "LISTENER_WAIT_MS"),
    roomTimeoutMs: required(values, "ROOM_TIMEOUT_MS"),
    drainTimeoutMs: required(values, "DRAIN_TIMEOUT_MS"),
    bridgeCooldownMs: required(values, "BRIDGE_COOLDOWN_MS"),
    sessionGraceMs: required(values, "SESSION_GRACE_MS"),
    consoleToken: values.CONSOLE_TOKEN,
    jobs: { path: required(values, "JOBS_DB"), max: required(values, "JOBS_MAX") },
    redisUrl: values.REDIS_URL,
    leaseGraceMs: required(values, "LEASE_GRACE_MS"),
    logLevel: required(values, "LOG_LEVEL"),
    logFormat: values.LOG_FORMAT,
    logHashUsers: required(values, "LOG_HASH_USERS"),
  };
}

/** Replaces each `NAME_FILE` of a secret by the `NAME` that it holds. */
function readSecretFiles(env: Environment, mistakes: string[]): Environment {
  const found: Record<string, string | undefined> = { ...env };
  for (const name of secretNames) {
    const path = env[`${name}_FILE`];
    if (path === undefined || path === "") {
      continue;
    }
    if (env[name] !== undefined && env[name] !== "") {
      mistakes.push(`${name}: is set twice; set either ${name} or ${name}_FILE`);
      continue;
    }
    const text = readFile(`${name}_FILE`, path, mistakes);
    if (text !== undefined) {
      found[name] = text.trimEnd();
    }
  }
  return found;
}

function readSettings(env: Environment, mistakes: string[]): Partial<SettingValues> {
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Settings[SettingName] = settings[name];
    const parsed = setting.schema.safeParse(env[name] === "" ? undefined : env[name]);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const problem =
        env[name] === undefined || env[name] === "" ? "is missing" : parsed.error.issues[0]?.message;
      mistakes.push(`${name}: ${problem}. ${setting.help}`);
    }
  }
  return values as Partial<SettingValues>;
}

function readApps(path: string, mistakes: string[]): readonly App[] {
  const text = readFile("APPS_FILE", path, mistakes);
  if (text === undefined) {
    return [];
  }
  try {
    const parsed = AppsSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      return parsed.data;
    }
    for (const { path: at, message } of parsed.error.issues) {
      mistakes.push(`APPS_FILE: ${at.length === 0 ? "the file" : at.map(String).join(".")}: ${message}`);
    }
  } catch {
    mistakes.push('APPS_FILE: is not JSON; write [{"packageName", "webhookUrl", "apiKeyHash"}, ...]');
  }
  return [];
}

function readFile(name: string, path: string, mistakes: string[]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    mistakes.push(
      `${name}: the file ${path} cannot be read (${code}); name a file that this process can read`,
    );
    return undefined;
  }
}

/** At the start a bad file is a mistake like any other; later the last good one holds. */
function checkFlags(file: string | undefined, mistakes: string[]): void {
  const read = file === undefined ? undefined : readFlags(file);
  if (read !== undefined && "problem" in read) {
    mistakes.push(`PLAYBACK_FLAGS_FILE: ${read.problem}`);
  }
}

type Playback = Pick<CloudConfig, "liveKit" | "bridge" | "playbackMode" | "canPlayInRoom">;

/** Decides whether there is server playback, and holds what was asked for against what there is. */
function readPlayback(values: Partial<SettingValues>, mistakes: string[]): Playback {
  const { LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_GO_BRIDGE_URL } = values;
  const liveKitParts = { LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET };
  const missing = missingNames({ ...liveKitParts, LIVEKIT_GO_BRIDGE_URL });
  const missingOfLiveKit = missingNames(liveKitParts);
  const asker = whoAsksForPlayback(values);
  if (asker !== undefined && missing.length > 0) {
    mistakes.push(`${asker}: needs ${missing.join(", ")}; set them, or leave ${asker.split("=")[0]} out`);
  } else if (missingOfLiveKit.length === 1 || missingOfLiveKit.length === 2) {
    mistakes.push(`LiveKit: ${missingOfLiveKit.join(" and ")} missing; set all three or none`);
  }
  if (values.SERVER_PLAYBACK_MODE === "off" && values.SERVER_PLAYBACK_ENABLED === true) {
    mistakes.push(
      "SERVER_PLAYBACK_MODE: is off while SERVER_PLAYBACK_ENABLED is true; leave one of them out",
    );
  }
  const canPlayInRoom = values.SERVER_PLAYBACK_ENABLED !== false && missing.length === 0;
  return {
    ...(LIVEKIT_URL !== undefined && LIVEKIT_API_KEY !== undefined && LIVEKIT_API_SECRET !== undefined
      ? {
          liveKit: {
            url: LIVEKIT_URL,
            publicUrl: values.LIVEKIT_PUBLIC_URL ?? LIVEKIT_URL,
            apiKey: LIVEKIT_API_KEY,
            apiSecret: LIVEKIT_API_SECRET,
          },
        }
      : {}),
    ...(LIVEKIT_GO_BRIDGE_URL === undefined
      ? {}
      : { bridge: { url: LIVEKIT_GO_BRIDGE_URL, secret: values.BRIDGE_SHARED_SECRET } }),
    canPlayInRoom,
    playbackMode: canPlayInRoom ? (values.SERVER_PLAYBACK_MODE ?? "shadow") : "off",
  };
}

function whoAsksForPlayback(values: Partial<SettingValues>): string | undefined {
  if (values.SERVER_PLAYBACK_ENABLED === false) {
    return undefined;
  }
  if (values.SERVER_PLAYBACK_ENABLED === true) {
    return "SERVER_PLAYBACK_ENABLED=true";
  }
  const { SERVER_PLAYBACK_MODE: mode = "off" } = values;
  return mode === "off" ? undefined : `SERVER_PLAYBACK_MODE=${mode}`;
}

function missingNames(parts: Record<string, unknown>): string[] {
  return Object.keys(parts).filter((name) => parts[name] === undefined);
}

function isWildcard(host: string | undefined): boolean {
  return host === "0.0.0.0" || host === "::";
}

function required<Name extends SettingName>(
  values: Partial<SettingValues>,
  name: Name,
): NonNullable<SettingValues[Name]> {
  const value = values[name];
  if (value === undefined || value === null) {
    throw new ConfigError([`${name}: is missing`]);
  }
  return value;
}
