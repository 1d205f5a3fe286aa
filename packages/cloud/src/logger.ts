import { type DestinationStream, type Logger, pino } from "pino";
import { openLogOutput } from "./log-output.js";

export type { Logger } from "pino";

/** Fields whose values are never written, wherever they turn up at the top or one level down. */
const secretFields = ["token", "apiKey", "apiSecret", "secret", "authorization", "password"];

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

/** A URL as it may be logged: without user, password, query and fragment. */
export function loggableUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return host === "" ? `${protocol}…` : `${protocol}//${host}${pathname}`;
  } catch {
    return "(not a URL)";
  }
}
