import type { IncomingMessage, ServerResponse } from "node:http";
import type { WebSocket } from "ws";
import type { CloudConfig } from "../config.js";
import type { JobObserver } from "../JobObserver.js";
import { JobHistory } from "../jobs/JobHistory.js";
import { JobMetrics } from "../jobs/JobMetrics.js";
import { JobStore } from "../jobs/JobStore.js";
import { observedBy } from "../jobs/observers.js";
import type { LiveKitManager } from "../LiveKitManager.js";
import type { Logger } from "../logger.js";
import type { Metrics } from "../metrics.js";
import type { PlayTracer } from "../tracing/PlayTracer.js";
import type { SessionObserver } from "../UserSession.js";
import type { UserSessions } from "../UserSessions.js";
import { OperatorAccess } from "./access.js";
import { builtConsole, ConsoleFiles } from "./console-files.js";
import { LiveFeed } from "./LiveFeed.js";
import { Operations } from "./Operations.js";
import { OperatorApi } from "./OperatorApi.js";

/** What the operators' side shares with the rest of the cloud. */
export interface OperatorParts {
  readonly config: CloudConfig;
  readonly sessions: UserSessions;
  readonly liveKit: LiveKitManager | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The history of jobs, and what watches jobs for it; made before the sessions that it watches. */
export class JobWatch {
  readonly history: JobHistory;
  readonly observer: JobObserver;

  /** @throws {JobStoreError} `JOBS_DB` cannot be used */
  constructor({ jobs }: CloudConfig, metrics: Metrics, tracer: PlayTracer | undefined) {
    this.history = new JobHistory(new JobStore(jobs.path, jobs.max));
    const others = tracer === undefined ? [] : [tracer];
    this.observer = observedBy([this.history, new JobMetrics(metrics), ...others]);
  }
}

/** Everything that operators see and do: the routes under `/api/`, the live feed, the console's page. */
export class OperatorSide implements SessionObserver {
  readonly #api: OperatorApi;
  readonly #feed: LiveFeed;

  constructor(watch: JobWatch, { config, sessions, liveKit, metrics, log }: OperatorParts) {
    const { history } = watch;
    const access = new OperatorAccess(config.consoleToken, config.host);
    const operations = new Operations(sessions, liveKit);
    const files = new ConsoleFiles(builtConsole, config.liveKit?.publicUrl);
    this.#api = new OperatorApi({ access, operations, history, files, log });
    this.#feed = new LiveFeed({ access, operations, history, metrics, log });
  }

  /** Whether an HTTP request is for operators. */
  takes(request: IncomingMessage): boolean {
    return this.#api.takes(request);
  }

  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#api.handle(request, response);
  }

  /** Takes over a socket at `/api/live`. */
  acceptLive(ws: WebSocket, request: IncomingMessage, query: URLSearchParams): void {
    this.#feed.accept(ws, request, query);
  }

  onSession({ summary }: Parameters<SessionObserver["onSession"]>[0]): void {
    this.#feed.sessionChanged(summary);
  }

  onSessionEnded(userId: string): void {
    this.#feed.sessionEnded(userId);
  }

  close(): void {
    this.#feed.close();
  }
}
