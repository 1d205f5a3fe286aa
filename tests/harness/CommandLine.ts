import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { inRepository, Waiters } from "@server-playback/simulator";
import { onTestFinished } from "vitest";

/** How a run of the command line ended. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The `server-playback` program, as a process of its own. */
export class CommandLine {
  readonly #env: Env;

  /** @param env its settings; it gets no other of the caller's */
  constructor(env: Env) {
    const { PATH, HOME } = process.env;
    this.#env = { PATH, HOME, ...env };
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<CommandOutcome> {
    return this.start(...args).ended;
  }

  /** Runs a command with `--json` to its end, and reads the objects that it printed. */
  async json(...args: string[]): Promise<{ code: number | null; printed: Record<string, unknown>[] }> {
    const { code, stdout } = await this.run(...args, "--json");
    const lines = stdout.split("\n").filter((line) => line !== "");
    return { code, printed: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  /** Starts a command that runs until it is interrupted. */
  start(...args: string[]): RunningCommand {
    const program = inRepository("packages", "cli", "dist", "main.js");
    return new RunningCommand(spawn(process.execPath, [program, ...args], { env: this.#env }));
  }
}

/** A command under way; ended with the test. */
export class RunningCommand {
  readonly #child: ChildProcess;
  readonly #waiters = new Waiters();
  #printed = "";
  readonly ended: Promise<CommandOutcome>;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (data: Buffer) => {
      this.#printed += data.toString();
      this.#waiters.check();
    });
    this.ended = this.#end();
    onTestFinished(() => void child.kill("SIGKILL"));
  }

  /** Resolves when this was printed. */
  printed(wanted: RegExp): Promise<string> {
    return this.#waiters.until(`${wanted} printed`, () => wanted.exec(this.#printed)?.[0]);
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async #end(): Promise<CommandOutcome> {
    const errors = this.#child.stderr === null ? "" : text(this.#child.stderr);
    const [code] = (await once(this.#child, "close")) as [number | null];
    return { code, stdout: this.#printed, stderr: await errors };
  }
}
