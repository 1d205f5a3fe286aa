import type { IncomingMessage } from "node:http";
import type { JobSummary, LiveMessage, SessionSummary } from "@server-playback/protocol";
import type { WebSocket } from "ws";
import { z } from "zod";
import { closeCodes } from "../close-codes.js";
import { JsonSocket } from "../JsonSocket.js";
import type { HistoryEvent, JobHistory } from "../jobs/JobHistory.js";
import type { Logger } from "../logger.js";
import type { Metrics } from "../metrics.js";
import type { OperatorAccess } from "./access.js";
import type { Operations } from "./Operations.js";

/** Jobs in the snapshot; older ones are asked for by `GET /api/jobs`. */
const SNAPSHOT_JOBS = 200;
/** Operators at once. */
const MAX_READERS = 32;
/** How long changes of the same job or session gather, in ms: the newest of them is told. */
const GATHER_MS = 100;
/** A snapshot of many sessions is large; a reader that is further behind is cut off. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

export interface LiveFeedOptions {
  readonly access: OperatorAccess;
  readonly operations: Operations;
  readonly history: JobHistory;
  readonly metrics: Metrics;
  readonly log: Logger;
}

type Reader = JsonSocket<never, LiveMessage>;

/** `/api/live`: tells operators what is, and then what changes. */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #readers = new Set<Reader>();
  /** The newest of each that is yet to be told, in the order in which they changed first. */
  readonly #changed = new Map<string, LiveMessage>();
  /** Each session as it was told last: jobs change more often than what is said of a session. */
  readonly #told = new Map<string, string>();
  readonly #leaveHistory: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#leaveHistory = options.history.listen((event) => this.#onHistory(event));
  }

  /** Takes an operator's socket over. */
  accept(ws: WebSocket, request: IncomingMessage, query: URLSearchParams): void {
    ws.on("error", () => {}); // followed by "close"
    const refusal = this.#options.access.refuse(request, query);
    const code = this.#readers.size >= MAX_READERS ? closeCodes.busy : closeCodes.refused;
    if (refusal !== undefined || code === closeCodes.busy) {
      this.#options.log.info({ wire: "live", code: refusal?.error ?? "busy" }, "connection refused");
      ws.close(code.code, code.reason);
      return;
    }
    const reader = this.#open(ws);
    this.#flush(); // the others are told what the snapshot has in it
    this.#readers.add(reader);
    this.#options.metrics.liveReaders.set(this.#readers.size);
    reader.send(this.#snapshot());
  }

  sessionChanged(session: SessionSummary): void {
    const text = JSON.stringify(session);
    if (this.#readers.size > 0 && this.#told.get(session.userId) !== text) {
      this.#told.set(session.userId, text);
      this.#gather(sessionKey(session.userId), { type: "session", session });
    }
  }

  sessionEnded(userId: string): void {
    this.#told.delete(userId);
    this.#gather(sessionKey(userId), { type: "session_ended", userId });
  }

  /** Stops telling; the sockets are closed by who owns them. */
  close(): void {
    this.#leaveHistory();
    clearTimeout(this.#timer);
    this.#changed.clear();
    this.#told.clear();
  }

  #open(ws: WebSocket): Reader {
    const { metrics, log } = this.#options;
    const reader: Reader = new JsonSocket(ws, {
      wire: "live",
      schema: z.never(),
      typesOfOthers: [],
      ignoreBinary: true,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      metrics,
      log,
      onMessage: () => {},
      onTooSlow: () => metrics.liveCutOff.inc(),
      onClose: () => {
        this.#readers.delete(reader);
        metrics.liveReaders.set(this.#readers.size);
      },
    });
    return reader;
  }

  #snapshot(): LiveMessage {
    const { operations, history } = this.#options;
    return {
      type: "snapshot",
      sessions: operations.sessions(),
      jobs: history.list({ limit: SNAPSHOT_JOBS }).jobs,
    };
  }

  #onHistory(event: HistoryEvent): void {
    if (event.type === "job") {
      this.#gather(jobKey(event.job), event);
      this.#sessionOf(event.job);
    } else {
      this.#flush(); // a step is told after what it belongs to
      this.#tell(event);
    }
  }

  #sessionOf({ userId }: JobSummary): void {
    const session = this.#options.operations.session(userId);
    if (session !== undefined) {
      this.sessionChanged(session);
    }
  }

  #gather(key: string, message: LiveMessage): void {
    if (this.#readers.size === 0) {
      return;
    }
    this.#changed.set(key, message);
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const message of this.#changed.values()) {
      this.#tell(message);
    }
    this.#changed.clear();
  }

  #tell(message: LiveMessage): void {
    for (const reader of this.#readers) {
      reader.send(message);
    }
  }
}

function sessionKey(userId: string): string {
  return `s ${userId}`;
}

function jobKey({ userId, requestId }: JobSummary): string {
  return `j ${JSON.stringify([userId, requestId])}`;
}
