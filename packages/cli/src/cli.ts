import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type Command,
  CommandError,
  type Context,
  type ExitCode,
  exitCodes,
  type Option,
  parserOptions,
  UsageError,
} from "./command.js";
import { checkConfig } from "./commands/check-config.js";
import { doctor } from "./commands/doctor.js";
import { jobs } from "./commands/jobs.js";
import { play } from "./commands/play.js";
import { readiness } from "./commands/readiness.js";
import { say } from "./commands/say.js";
import { stop } from "./commands/stop.js";
import { tail } from "./commands/tail.js";
import { variables } from "./settings.js";
import { table } from "./text.js";

const commands: readonly Command[] = [play, say, stop, jobs, tail, checkConfig, doctor, readiness];

const everyCommand: Readonly<Record<string, Option>> = {
  json: { help: "print JSON, one object a line" },
  help: { help: "say what there is" },
};

/** What the program has of the world around it. */
export interface Terminal {
  readonly env: Context["env"];
  readonly signal: AbortSignal;
  out(text: string): void;
  err(text: string): void;
  /** Shows a line in place of the last one; does nothing where nobody looks. */
  status(text: string): void;
}

/** Runs one command line. It never rejects. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === "--version") {
    terminal.out(`${version()}\n`);
    return exitCodes.done;
  }
  const command = commands.find((known) => known.name === name);
  if (command === undefined) {
    const isAsked = name === "--help" || name === "help";
    (isAsked ? terminal.out : terminal.err)(
      name === undefined || isAsked ? help() : `There is no command ${name}.\n\n${help()}`,
    );
    return isAsked ? exitCodes.done : exitCodes.misuse;
  }
  return await runCommand(command, rest, terminal);
}

async function runCommand(command: Command, args: string[], terminal: Terminal): Promise<ExitCode> {
  const isJson = args.includes("--json");
  try {
    const { values, positionals } = parse(command, args);
    const { help: isHelp } = values;
    if (isHelp === true) {
      terminal.out(commandHelp(command));
      return exitCodes.done;
    }
    return await command.run({
      env: terminal.env,
      signal: terminal.signal,
      positionals,
      options: values as Context["options"],
      json: isJson,
      print: (text, object) => {
        terminal.status("");
        terminal.out(`${isJson ? JSON.stringify(object) : text}\n`);
      },
      progress: (text) => {
        if (!isJson) {
          terminal.status(text);
        }
      },
    });
  } catch (error) {
    terminal.status("");
    return terminal.signal.aborted ? exitCodes.interrupted : fail(error, command, isJson, terminal);
  }
}

function parse(command: Command, args: string[]) {
  try {
    return parseArgs({ args, options: parserOptions(command), allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Says what went wrong: on standard error, or with `--json` as an object on standard output. */
function fail(error: unknown, command: Command, isJson: boolean, terminal: Terminal): ExitCode {
  const isMisuse = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  const code = isMisuse ? "usage" : error instanceof CommandError ? error.code : "internal";
  if (isJson) {
    terminal.out(`${JSON.stringify({ error: code, message })}\n`);
  } else {
    const hint = isMisuse ? `\nSee: server-playback ${command.name} --help` : "";
    terminal.err(`${code === "internal" || isMisuse ? "" : `${code}: `}${message}${hint}\n`);
  }
  return isMisuse ? exitCodes.misuse : exitCodes.failed;
}

function help(): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  return `server-playback plays sounds into LiveKit rooms, and shows how they fare.

Usage: server-playback COMMAND [options]

Commands:
${table(rows)}

Each command has --json and --help. --version tells this program's own.
Exit codes: 0 done, 1 it failed or a check found something, 2 a mistake in the command line, 130 Ctrl-C.

${variables}
`;
}

function commandHelp({ name, usage, summary, options }: Command): string {
  const rows = Object.entries({ ...options, ...everyCommand }).map(([option, { value, help: text }]) => [
    `  --${option}${value === undefined ? "" : ` ${value}`}`,
    text,
  ]);
  return `${`server-playback ${name} ${usage}`.trimEnd()}\n\n${summary}\n\n${table(rows)}\n\n${variables}\n`;
}

function version(): string {
  const file = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}
