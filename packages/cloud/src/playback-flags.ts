import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import type { Logger } from "./logger.js";

/** How often the file is looked at, in ms: by polling, which also sees files that are moved into place. */
const POLL_MS = 500;

/** `off`: glasses only. `shadow`: glasses play, and the room hears it too. `primary`: the room plays. */
const PlaybackModeSchema = z.enum(["off", "shadow", "primary"]);
export type PlaybackMode = z.infer<typeof PlaybackModeSchema>;

const FlagsSchema = z.strictObject({
  default: PlaybackModeSchema.optional(),
  users: z.record(z.string(), PlaybackModeSchema).default({}),
  apps: z.record(z.string(), PlaybackModeSchema).default({}),
});
type Flags = z.infer<typeof FlagsSchema>;

/** The content of `PLAYBACK_FLAGS_FILE`; `problem` says what is wrong with it, for people. */
function parseFlags(text: string): { flags: Flags } | { problem: string } {
  try {
    const parsed = FlagsSchema.safeParse(JSON.parse(text));
    if (parsed.success) {
      return { flags: parsed.data };
    }
    const issue = parsed.error.issues[0];
    return { problem: `${issue?.path.map(String).join(".") || "the file"}: ${issue?.message}` };
  } catch {
    return { problem: 'it is not JSON; write {"default", "users", "apps"}' };
  }
}

/**
 * Which mode holds for whom. The user's entry counts before the app's, that before the file's default,
 * and that before `SERVER_PLAYBACK_MODE`: whoever complains is taken out at once, whatever the app.
 * A file that is changed holds from the next play on; one that cannot be read leaves what held.
 */
export class PlaybackFlags {
  readonly #usual: PlaybackMode;
  readonly #log: Logger;
  readonly #poll: NodeJS.Timeout | undefined;
  /** Which state of the file was read. */
  #seen = "";
  #flags: Flags = { users: {}, apps: {} };

  constructor(usual: PlaybackMode, file: string | undefined, log: Logger) {
    this.#usual = usual;
    this.#log = log;
    if (file !== undefined) {
      this.#look(file);
      this.#poll = setInterval(() => this.#look(file), POLL_MS).unref();
    }
  }

  modeFor(userId: string, packageName: string): PlaybackMode {
    const { users, apps, default: usual = this.#usual } = this.#flags;
    return own(users, userId) ?? own(apps, packageName) ?? usual;
  }

  close(): void {
    clearInterval(this.#poll);
  }

  /** Reads the file if it is another than the one that was read: what is noted is from before the reading. */
  #look(file: string): void {
    const state = stateOf(file);
    if (state !== this.#seen) {
      this.#seen = state;
      this.#read(file);
    }
  }

  #read(file: string): void {
    const read = readFlags(file);
    if ("problem" in read) {
      this.#log.error({ file, problem: read.problem }, "the playback flags are bad: the last good ones hold");
      return;
    }
    this.#flags = read.flags;
    const { users, apps } = read.flags;
    const counts = { users: Object.keys(users).length, apps: Object.keys(apps).length };
    this.#log.info({ file, default: read.flags.default ?? this.#usual, ...counts }, "playback flags read");
  }
}

/** Tells one state of a file from another. */
function stateOf(file: string): string {
  try {
    const { ino, mtimeNs, size } = statSync(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** What the file says now. */
export function readFlags(file: string): { flags: Flags } | { problem: string } {
  try {
    return parseFlags(readFileSync(file, "utf8"));
  } catch (error) {
    return { problem: `it cannot be read (${(error as NodeJS.ErrnoException).code ?? "unreadable"})` };
  }
}

/** Names are strangers' text: `constructor` is no entry. */
function own(modes: Readonly<Record<string, PlaybackMode>>, name: string): PlaybackMode | undefined {
  return Object.hasOwn(modes, name) ? modes[name] : undefined;
}
