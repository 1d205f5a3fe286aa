import type { DestinationStream } from "pino";

const colours: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 32,
  warn: 33,
  error: 31,
  fatal: 31,
};

/** Writes log lines for people: time, level, text, and what else there is as `name=value`. */
export function prettyDestination(write: (text: string) => void): DestinationStream {
  return { write: (line) => write(prettyLine(line)) };
}

function prettyLine(line: string): string {
  const { time, level, msg, ...details } = JSON.parse(line) as Record<string, unknown>;
  const at = String(time).slice(11, 23);
  const colour = colours[String(level)] ?? 0;
  const rest = Object.entries(details).map(([name, value]) => ` \u001b[90m${name}=\u001b[0m${plain(value)}`);
  return `${at} \u001b[${colour}m${String(level).padEnd(5)}\u001b[0m ${String(msg)}${rest.join("")}\n`;
}

function plain(value: unknown): string {
  return typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}
