import { readFileSync } from "node:fs";
import { type Context, textOption, UsageError } from "./command.js";

/** Where the cloud and the bridge listen unless said otherwise: as `make dev` starts them. */
const defaults = { cloud: "http://127.0.0.1:8002", bridge: "ws://127.0.0.1:8080/ws" } as const;

/** Options of the commands that ask the cloud. */
export const cloudOptions = {
  cloud: { value: "URL", help: `the cloud (CLOUD_URL, else ${defaults.cloud})` },
} as const;

/** Options of the commands that ask a bridge. */
export const bridgeOptions = {
  bridge: { value: "URL", help: `the bridge's socket (LIVEKIT_GO_BRIDGE_URL, else ${defaults.bridge})` },
} as const;

/** The environment variables that are read, for `--help`. */
export const variables = `Environment:
  CLOUD_URL              the cloud's http(s) URL (${defaults.cloud})
  CONSOLE_TOKEN*         what the cloud asks of operators, if it does
  LIVEKIT_GO_BRIDGE_URL  the bridge's socket (${defaults.bridge})
  BRIDGE_SHARED_SECRET*  what the bridge asks for, if it does
  LIVEKIT_URL, LIVEKIT_API_KEY*, LIVEKIT_API_SECRET*   the LiveKit server, for play and doctor
Those marked * may come from the file that NAME_FILE names.`;

export interface LiveKitCredentials {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** @throws {UsageError} it is no http(s) URL */
export function cloudUrl(context: Context): string {
  const url = textOption(context, "cloud") ?? variable(context, "CLOUD_URL") ?? defaults.cloud;
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw new UsageError(`--cloud: ${url} is not an http(s) URL.`);
  }
  return url.replace(/\/+$/, "");
}

/** @throws {UsageError} it is no ws(s) URL */
export function bridgeUrl(context: Context): string {
  const listed =
    textOption(context, "bridge") ?? variable(context, "LIVEKIT_GO_BRIDGE_URL") ?? defaults.bridge;
  const [url = ""] = listed.split(","); // the cloud knows a list
  if (!/^wss?:\/\/[^/]/.test(url.trim())) {
    throw new UsageError(`--bridge: ${url} is not a ws(s) URL.`);
  }
  return url.trim();
}

/** A secret, from the environment or a file. @throws {UsageError} the file cannot be read */
export function secret(context: Context, name: string): string | undefined {
  const path = variable(context, `${name}_FILE`);
  if (path === undefined) {
    return variable(context, name);
  }
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch {
    throw new UsageError(`${name}_FILE: ${path} cannot be read.`);
  }
}

/** @throws {UsageError} names what is missing */
export function liveKitCredentials(context: Context): LiveKitCredentials {
  const url = variable(context, "LIVEKIT_URL");
  const apiKey = secret(context, "LIVEKIT_API_KEY");
  const apiSecret = secret(context, "LIVEKIT_API_SECRET");
  if (url === undefined || apiKey === undefined || apiSecret === undefined) {
    const parts = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
    const missing = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [name] : []));
    throw new UsageError(`Set ${missing.join(", ")}.`);
  }
  return { url, apiKey, apiSecret };
}

/** An empty variable is none. */
function variable({ env }: Context, name: string): string | undefined {
  return env[name] || undefined;
}
