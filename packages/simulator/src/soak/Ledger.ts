import type { LogLine } from "../stack/cloud.js";
import { poll } from "../wait.js";

/**
 * A connection that is lost so soon after something was sent may have lost that too, in ms: a socket tells
 * nobody what has arrived.
 */
const IN_FLIGHT_MS = 500;

/** One play, as the cloud's log and the apps' sockets tell of it. */
interface Entry {
  /** The app that asked; undefined until the log says so, and where there was no job. */
  packageName?: string;
  user?: string;
  mode?: string;
  requests: number;
  ends: number;
  /** When the glasses were asked for it, and when its answer went to the app (wall clock, ms). */
  askedAt?: number;
  answeredAt?: number | undefined;
  /** A connection was lost with the request or the answer in it. */
  isLost: boolean;
  /** Apps that got an answer, each time that they did. */
  readonly answers: string[];
}

/** Keeps the books of every play: one job, one end, one answer, and that to the app that asked. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #problems = new Set<string>();

  /** Jobs so far. */
  get plays(): number {
    return [...this.#entries.values()].filter(({ requests }) => requests > 0).length;
  }

  /** Plays whose request or answer was lost with a connection, so that the app got none. */
  get lost(): number {
    return [...this.#entries.values()].filter(({ isLost, answers }) => isLost && answers.length === 0).length;
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  /** Writes down what does not hold. */
  problem(text: string): void {
    this.#problems.add(text);
  }

  /** Takes a line of the cloud's log. */
  line(line: LogLine): void {
    if (line.msg === "glasses away" || line.msg === "app away") {
      this.#away(line);
    } else if (line.requestId !== undefined) {
      this.#event(this.#entry(line.requestId), line);
    }
  }

  /** Takes an answer that an app got. */
  answer(packageName: string, requestId: string): void {
    const entry = this.#entry(requestId);
    entry.answers.push(packageName);
    this.#check(requestId, entry);
  }

  /** Waits until nothing is open any more, of everybody or of one user; what stays open is a problem. */
  async settle(timeoutMs: number, user?: string): Promise<void> {
    const isOpen = ({ requests, ends, answers, isLost }: Entry) =>
      (answers.length === 0 && !isLost) || ends < requests;
    const isMeant = (entry: Entry) => user === undefined || entry.user === user;
    const open = () => [...this.#entries].filter(([, entry]) => isMeant(entry) && isOpen(entry));
    const look = async () => {
      if (open().length > 0) {
        throw new Error(`${open().length} plays are open`);
      }
    };
    await poll("the plays' ends", look, { timeoutMs }).catch(() => {});
    for (const [requestId, { ends, answers }] of open()) {
      this.problem(`${requestId}: ${ends} ends, ${answers.length} answers`);
    }
  }

  #event(entry: Entry, { msg, requestId = "", packageName, user, mode, time }: LogLine): void {
    const at = Date.parse(String(time));
    switch (msg) {
      case "play requested":
        Object.assign(entry, { packageName, user, mode });
        entry.requests++;
        break;
      case "glasses asked":
        Object.assign(entry, { user, askedAt: at });
        break;
      case "glasses answered":
        entry.answeredAt = at;
        break;
      case "play ended":
        entry.answeredAt = entry.mode === "primary" ? at : entry.answeredAt;
        entry.ends++;
        break;
      default:
        return;
    }
    this.#check(requestId, entry);
  }

  /** The glasses or an app are gone: what has just been sent to them may be, too. */
  #away({ msg, user, packageName, time }: LogLine): void {
    const since = Date.parse(String(time)) - IN_FLIGHT_MS;
    for (const entry of this.#entries.values()) {
      const sentAt = msg === "glasses away" ? entry.askedAt : entry.answeredAt;
      const isTheirs = entry.user === user && (msg === "glasses away" || entry.packageName === packageName);
      entry.isLost ||= isTheirs && sentAt !== undefined && sentAt >= since;
    }
  }

  /** What may never be, at any moment. */
  #check(requestId: string, { requests, ends, answers, packageName }: Entry): void {
    const wrong = answers.find((to) => packageName !== undefined && to !== packageName);
    if (requests > 1) {
      this.problem(`${requestId}: ${requests} jobs`);
    }
    if (ends > 1) {
      this.problem(`${requestId}: ${ends} ends`);
    }
    if (answers.length > 1) {
      this.problem(`${requestId}: ${answers.length} answers`);
    }
    if (wrong !== undefined) {
      this.problem(`${requestId}: asked by ${packageName}, answered to ${wrong}`);
    }
  }

  #entry(requestId: string): Entry {
    const entry: Entry = this.#entries.get(requestId) ?? {
      requests: 0,
      ends: 0,
      isLost: false,
      answers: [],
    };
    this.#entries.set(requestId, entry);
    return entry;
  }
}
