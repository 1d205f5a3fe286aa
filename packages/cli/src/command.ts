import type { ParseArgsConfig } from "node:util";

/** How a command ended; the process ends with it. */
export const exitCodes = {
  done: 0,
  /** What was asked for failed, or a check found something. */
  failed: 1,
  /** The command line or a setting is wrong. */
  misuse: 2,
  /** Ctrl-C (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a command gets of the world. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether standard output is for a program. */
  readonly json: boolean;
  /** Writes a line, or with `json` an object as one. */
  print(text: string, object: object): void;
  /** Shows a line in place of the last one where somebody looks; nothing otherwise. */
  progress(text: string): void;
}

export interface Command {
  readonly name: string;
  /** What comes after the name. */
  readonly usage: string;
  readonly summary: string;
  /** What each option is, without `--json` and `--help`. */
  readonly options: Readonly<Record<string, Option>>;
  run(context: Context): Promise<ExitCode>;
}

export interface Option {
  /** Name of its value; without one it is a switch. */
  readonly value?: string;
  readonly help: string;
}

/** A mistake in the command line or the settings; the message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for cannot be had; `code` is stable. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The form of a command's options that Node's parser reads. */
export function parserOptions(command: Command): NonNullable<ParseArgsConfig["options"]> {
  const own = Object.entries(command.options).map(
    ([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string" }] as const,
  );
  return { ...Object.fromEntries(own), json: { type: "boolean" }, help: { type: "boolean" } };
}

/** The one argument of a command. @throws {UsageError} */
export function onlyArgument({ positionals }: Context, what: string): string {
  const [argument] = positionals;
  if (argument === undefined || positionals.length > 1) {
    throw new UsageError(`Give one ${what}.`);
  }
  return argument;
}

/** An option's text. */
export function textOption({ options }: Context, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

/** Whether a switch is on. */
export function isOn({ options }: Context, name: string): boolean {
  return options[name] === true;
}

/** An option's text, which has to be there. @throws {UsageError} */
export function requiredOption(context: Context, name: string): string {
  const value = textOption(context, name);
  if (value === undefined) {
    throw new UsageError(`--${name} is missing.`);
  }
  return value;
}

/** An option's number. @throws {UsageError} */
export function numberOption(context: Context, name: string, low: number, high: number): number | undefined {
  const text = textOption(context, name);
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (text.trim() === "" || !(value >= low && value <= high)) {
    throw new UsageError(`--${name}: ${text} is not a number from ${low} to ${high}.`);
  }
  return value;
}
