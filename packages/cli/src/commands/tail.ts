import { type LiveMessage, LiveMessageSchema } from "@server-playback/protocol";
import { WebSocket } from "ws";
import { operatorHeaders } from "../cloud-api.js";
import {
  type Command,
  CommandError,
  type Context,
  type ExitCode,
  exitCodes,
  textOption,
} from "../command.js";
import { cloudOptions, cloudUrl } from "../settings.js";
import { line, stepLine } from "./jobs.js";

/** Close code of a refused token (RFC 6455, section 7.4.1). */
const POLICY_VIOLATION = 1008;

/** Prints what happens, as it does. */
export const tail: Command = {
  name: "tail",
  usage: "",
  summary: "print sessions and jobs as they change, until Ctrl-C",
  options: { user: { value: "USER", help: "only this user's jobs" }, ...cloudOptions },
  run: (context) =>
    new Promise((resolve, reject) => {
      const url = `${cloudUrl(context).replace(/^http/, "ws")}/api/live`;
      const socket = new WebSocket(url, { headers: operatorHeaders(context), perMessageDeflate: false });
      const printer = new Printer(context);
      context.signal.addEventListener("abort", () => socket.close(1000), { once: true });
      socket.on("message", (data) => printer.take(data.toString()));
      socket.once("error", (error) => reject(unreachable(url, error)));
      socket.once("close", (code) => {
        const ended = endOf(context, code);
        if (ended instanceof CommandError) {
          reject(ended);
        } else {
          resolve(ended);
        }
      });
    }),
};

/** Prints messages; of a job only what changes its state, and its steps. */
class Printer {
  readonly #context: Context;
  readonly #user: string | undefined;
  /** State of each job that was printed. */
  readonly #states = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
    this.#user = textOption(context, "user");
  }

  take(text: string): void {
    const parsed = LiveMessageSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      this.#print(parsed.data);
    }
  }

  #print(message: LiveMessage): void {
    if (this.#context.json) {
      this.#context.print("", message);
      return;
    }
    switch (message.type) {
      case "snapshot":
        this.#say(`${message.sessions.length} sessions, ${message.jobs.length} jobs`);
        break;
      case "session": {
        const { userId, glasses, bridge, activeJobs } = message.session;
        this.#say(`session ${userId}: glasses ${glasses}, bridge ${bridge}, ${activeJobs} playing`, userId);
        break;
      }
      case "session_ended":
        this.#say(`session ${message.userId} ended`, message.userId);
        break;
      case "job":
        this.#job(message.job);
        break;
      case "job_step":
        if (this.#states.has(message.requestId)) {
          this.#say(`${stepLine(message.step)}  ${message.requestId}`);
        }
        break;
    }
  }

  #job(job: Extract<LiveMessage, { type: "job" }>["job"]): void {
    if (this.#user !== undefined && job.userId !== this.#user) {
      return;
    }
    const { requestId, state } = job;
    if (this.#states.get(requestId) !== state) {
      this.#say(line(job));
    }
    if (state === "pending" || state === "streaming") {
      this.#states.set(requestId, state);
    } else {
      this.#states.delete(requestId);
    }
  }

  #say(text: string, userId?: string): void {
    if (this.#user === undefined || userId === undefined || userId === this.#user) {
      this.#context.print(text, {});
    }
  }
}

function endOf({ signal }: Context, code: number): ExitCode | CommandError {
  if (signal.aborted) {
    return exitCodes.done;
  }
  return code === POLICY_VIOLATION
    ? new CommandError("unauthorized", "The cloud refused: set CONSOLE_TOKEN.")
    : new CommandError("closed", `The cloud closed the connection (code ${code}).`);
}

function unreachable(url: string, error: Error & { code?: string }): CommandError {
  return new CommandError("cloud_unreachable", `No cloud at ${url} (${error.code ?? error.message}).`);
}
