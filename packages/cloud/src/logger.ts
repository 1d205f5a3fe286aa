import { createHmac } from "node:crypto";
import { type DestinationStream, type Logger, pino } from "pino";
import { openLogOutput } from "./log-output.js";
import { prettyDestination } from "./pretty-log.js";

export type { Logger } from "pino";

/** Fields whose values are never written, wherever they turn up at the top or one level down. */
const secretFields = ["token", "apiKey", "apiSecret", "secret", "authorization", "password"];

/** `json`: one JSON object a line. `pretty`: for people. */
export type LogFormat = "json" | "pretty";

/** Where a log of this form is written to: standard output. */
export function logDestination(format: LogFormat): DestinationStream | undefined {
  return format === "json" ? undefined : prettyDestination((text) => process.stdout.write(text));
}

/** A logger that writes one JSON object a line. */
export function createLogger(level: string, destination: DestinationStream = openLogOutput(1)): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: "[redacted]" },
  };
  return pino(options, destination);
}

/** A user as it may be logged: the same one for the same user, and only a holder of the key can tell whose. */
export function hashUser(userId: string, key: string): string {
  return `u-${createHmac("sha256", key).update(userId).digest("base64url").slice(0, 16)}`;
}

/** A URL as it may be logged: without user, password, query and fragment. */
export function loggableUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return host === "" ? `${protocol}…` : `${protocol}//${host}${pathname}`;
  } catch {
    return "(not a URL)";
  }
}
