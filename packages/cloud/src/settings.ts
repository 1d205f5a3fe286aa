import { z } from "zod";
import { bridgeUrls } from "./bridge-directory.js";
import { LISTENER_WAIT_MS, ROOM_TIMEOUT_MS } from "./RoomReadiness.js";

interface Setting<T> {
  readonly schema: z.ZodType<T>;
  /** What it is, for `--help` and behind each mistake. */
  readonly help: string;
  /** May come from the file that `NAME_FILE` names, too. */
  readonly secret?: true;
}

const whole = (min: number, max: number) =>
  z.coerce
    .number({ error: "is not a number" })
    .int("is not a whole number")
    .min(min, `is less than ${min}`)
    .max(max, `is more than ${max}`);
const url = (protocol: RegExp, what: string) => z.url({ protocol, error: `is not a ${what} URL` });
const isSocketUrl = (text: string) => url(/^wss?$/, "ws(s)").safeParse(text).success;
const secret = (min: number) => z.string().min(min, `is shorter than ${min} characters`);
const yesOrNo = z
  .enum(["true", "false"], { error: "is neither true nor false" })
  .transform((text) => text === "true");
const DAY_MS = 24 * 3600 * 1000;

/** Every environment variable that the cloud reads. */
export const settings = {
  CLOUD_HOST: setting(z.string().default("127.0.0.1"), "The address to listen on (127.0.0.1)"),
  CLOUD_PORT: setting(whole(0, 65535).default(8002), "The port to listen on (8002)"),
  PUBLIC_URL: setting(
    url(/^https?$/, "http(s)")
      .transform((text) => text.replace(/\/+$/, ""))
      .optional(),
    "The http(s) URL under which apps reach this server (the address that it listens on)",
  ),
  APPS_FILE: setting(
    z.string(),
    'A JSON file with the apps that may connect: [{"packageName", "webhookUrl", "apiKeyHash"}]; `new-key` makes a key and its hash',
  ),
  GLASSES_JWT_SECRET: setting(
    secret(32),
    "The secret of the glasses' tokens (HS256, 32 characters or more)",
    true,
  ),
  APPS_JWT_SECRET: setting(
    secret(32).optional(),
    "The secret of apps' tokens, for apps that send one instead of their key",
    true,
  ),
  LIVEKIT_URL: setting(url(/^wss?$/, "ws(s)").optional(), "The LiveKit server, as a ws(s) URL"),
  LIVEKIT_PUBLIC_URL: setting(
    url(/^wss?$/, "ws(s)").optional(),
    "Where glasses find the LiveKit server (LIVEKIT_URL)",
  ),
  LIVEKIT_API_KEY: setting(z.string().optional(), "The LiveKit API key", true),
  LIVEKIT_API_SECRET: setting(z.string().optional(), "The LiveKit API secret", true),
  LIVEKIT_GO_BRIDGE_URL: setting(
    z
      .string()
      .refine((list) => bridgeUrls(list).every(isSocketUrl), { error: "is not a list of ws(s) URLs" })
      .optional(),
    "The bridge's socket, e.g. ws://livekit-bridge:8080/ws; or several, with commas between them",
  ),
  BRIDGE_SHARED_SECRET: setting(secret(16).optional(), "What the bridge asks for, if it asks", true),
  SERVER_PLAYBACK_MODE: setting(
    z.enum(["off", "shadow", "primary"], { error: "is not off, shadow or primary" }).optional(),
    "Off; shadow: the room hears what the glasses play; primary: the room plays, and the glasses only where it cannot (shadow if LiveKit and the bridge are set)",
  ),
  PLAYBACK_FLAGS_FILE: setting(
    z.string().optional(),
    'A JSON file that says otherwise for some, read again when it changes: {"default": mode, "users": {user: mode}, "apps": {package: mode}}; a user\'s entry counts before an app\'s',
  ),
  LISTENER_WAIT_MS: setting(
    whole(0, 60_000).default(LISTENER_WAIT_MS),
    "How long a primary play waits for the glasses to be in the room, in ms (2000)",
  ),
  ROOM_TIMEOUT_MS: setting(
    whole(100, 60_000).default(ROOM_TIMEOUT_MS),
    "How long a primary play waits for bridge and room together before the glasses play it, in ms (4000)",
  ),
  DRAIN_TIMEOUT_MS: setting(
    whole(0, DAY_MS).default(20_000),
    "How long sounds may go on after SIGTERM, in ms (20000)",
  ),
  SERVER_PLAYBACK_ENABLED: setting(
    yesOrNo.optional(),
    "False turns server playback off; true insists on a complete configuration",
  ),
  BRIDGE_COOLDOWN_MS: setting(
    whole(0, DAY_MS).default(5 * 60_000),
    "How long server playback rests for a session whose bridge could not be reached, in ms (300000)",
  ),
  REDIS_URL: setting(
    url(/^rediss?$/, "redis(s)").optional(),
    "Redis or Valkey, shared by all nodes of a cloud, e.g. redis://redis:6379 (none: this node is the only one)",
    true,
  ),
  LEASE_GRACE_MS: setting(
    whole(1_000, DAY_MS).default(10_000),
    "How long a node keeps its users while Redis is away, and another waits for a dead node's, in ms (10000)",
  ),
  SESSION_GRACE_MS: setting(
    whole(0, DAY_MS).default(60_000),
    "How long glasses or an app may stay away before they are given up, in ms (60000)",
  ),
  TTS_PROVIDER: setting(
    z
      .enum(["flite", "elevenlabs", "openai", "cartesia", "azure", "off"], {
        error: "is not flite, elevenlabs, openai, cartesia, azure or off",
      })
      .default("flite"),
    "Who speaks texts: flite needs nothing; elevenlabs, openai, cartesia and azure need a key (flite)",
  ),
  TTS_VOICE: setting(
    z.string().max(128, "is longer than 128 characters").optional(),
    "The voice where an app names none, or one that the provider does not have (the provider's usual one)",
  ),
  TTS_MODEL: setting(
    z.string().max(128, "is longer than 128 characters").optional(),
    "The model where an app names none (the provider's usual one)",
  ),
  TTS_BASE_URL: setting(
    url(/^https?$/, "http(s)")
      .transform((text) => text.replace(/\/+$/, ""))
      .optional(),
    "Where the provider's API is, if not at its public address",
  ),
  ELEVENLABS_API_KEY: setting(secret(1).optional(), "The key for TTS_PROVIDER=elevenlabs", true),
  OPENAI_API_KEY: setting(secret(1).optional(), "The key for TTS_PROVIDER=openai", true),
  CARTESIA_API_KEY: setting(secret(1).optional(), "The key for TTS_PROVIDER=cartesia", true),
  AZURE_SPEECH_KEY: setting(secret(1).optional(), "The key for TTS_PROVIDER=azure", true),
  AZURE_SPEECH_REGION: setting(
    z
      .string()
      .regex(/^[a-z0-9]+$/, "is not a region's name")
      .optional(),
    "The region of the Azure Speech resource, e.g. westeurope",
  ),
  TTS_MAX_TEXT: setting(
    whole(1, 4_000).default(2_000),
    "The longest text that is spoken, in characters (2000)",
  ),
  TTS_TIMEOUT_MS: setting(
    whole(100, 60_000).default(10_000),
    "How long a provider may send nothing before the speech fails, in ms (10000)",
  ),
  TTS_THREADS: setting(whole(1, 16).default(2), "Sentences that flite speaks at once, at most (2)"),
  TTS_CACHE_DIR: setting(
    z.string().optional(),
    "A folder that keeps finished speech; processes may share it (kept in memory only)",
  ),
  TTS_CACHE_BYTES: setting(
    whole(0, 2 ** 40).default(256 * 1024 * 1024),
    "The most that TTS_CACHE_DIR may hold, in bytes (268435456)",
  ),
  TTS_CACHE_MEMORY_BYTES: setting(
    whole(0, 2 ** 34).default(32 * 1024 * 1024),
    "The most finished speech that is kept in memory, in bytes (33554432)",
  ),
  CONSOLE_TOKEN: setting(
    secret(16).optional(),
    "What an operator shows for /api and the console (without it they are for this machine alone)",
    true,
  ),
  JOBS_DB: setting(
    z.string().default(":memory:"),
    "A file that keeps the history of jobs over a restart, one a server (:memory:)",
  ),
  JOBS_MAX: setting(whole(1, 10_000_000).default(10_000), "How many jobs the history keeps (10000)"),
  LOG_FORMAT: setting(
    z.enum(["json", "pretty"], { error: "is neither json nor pretty" }).optional(),
    "Json or pretty (pretty on a terminal, else json)",
  ),
  LOG_HASH_USERS: setting(
    yesOrNo.default(false),
    "True writes a keyed hash into the log instead of a user's name (false)",
  ),
  LOG_LEVEL: setting(
    z
      .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], { error: "is not a level" })
      .default("info"),
    "Trace, debug, info, warn, error, fatal or silent (info)",
  ),
} as const;

export type Settings = typeof settings;
export type SettingName = keyof Settings;
export type SettingValues = { [Name in SettingName]: z.output<Settings[Name]["schema"]> };

/** The settings that may come from files. */
export const secretNames: readonly SettingName[] = (Object.keys(settings) as SettingName[]).filter(
  (name) => settings[name].secret,
);

function setting<T>(schema: z.ZodType<T>, help: string, secret?: true): Setting<T> {
  return secret === undefined ? { schema, help } : { schema, help, secret };
}
