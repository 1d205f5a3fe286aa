import type { IncomingMessage, ServerResponse } from "node:http";
import type { App, Apps } from "./apps.js";
import { verifyGlasses } from "./credentials.js";
import { bearerToken } from "./headers.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import type { TtsRoute } from "./speech/tts-route.js";
import type { UserSession } from "./UserSession.js";
import type { UserSessions } from "./UserSessions.js";
import { withoutUserPath } from "./user-path.js";
import { WebhookError } from "./webhook.js";

export interface HttpOptions {
  apps: Apps;
  /** Verifies the glasses' JWTs. */
  tokenSecret: string;
  sessions: UserSessions;
  metrics: Metrics;
  log: Logger;
  /** Serves `/api/tts`; without it there is no speech. */
  tts?: TtsRoute | undefined;
  isReady(): boolean;
}

interface Reply {
  readonly status: number;
  readonly body: object | string;
  readonly contentType?: string;
}

const appRoute = /^\/apps\/([^/]+)\/(start|stop)$/;

/** Answers the cloud's HTTP requests: health, metrics, and the start and stop of apps. */
export function createHttpHandler(
  options: HttpOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    request.resume(); // no route reads a body
    if (options.tts !== undefined && pathOf(request) === "/api/tts") {
      options.tts.answer(request, response).catch((error: unknown) => {
        options.log.error({ error: String(error) }, "speech not served");
        response.destroy();
      });
      return;
    }
    answer(options, request)
      .catch((error: unknown): Reply => {
        options.log.error({ error: String(error) }, "request failed");
        return refuse(500, "internal", "Something failed inside the server.");
      })
      .then((reply) => send(response, reply))
      .catch((error: unknown) => options.log.info({ error: String(error) }, "response not sent"));
  };
}

async function answer(options: HttpOptions, request: IncomingMessage): Promise<Reply> {
  const path = pathOf(request);
  const app = appRoute.exec(path);
  if (app !== null) {
    return request.method === "POST"
      ? await startOrStop(options, request, decode(app[1] ?? ""), app[2] === "start")
      : refuse(405, "method_not_allowed", "Use POST.");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(404, "not_found", "There is nothing here.");
  }
  switch (path) {
    case "/healthz":
      return { status: 200, body: { status: "ok" } };
    case "/readyz":
      return options.isReady()
        ? { status: 200, body: { status: "ready" } }
        : refuse(503, "closing", "The server is closing.");
    case "/metrics": {
      const { registry } = options.metrics;
      return { status: 200, body: await registry.metrics(), contentType: registry.contentType };
    }
    default:
      return refuse(404, "not_found", "There is nothing here.");
  }
}

async function startOrStop(
  { apps, tokenSecret, sessions }: HttpOptions,
  request: IncomingMessage,
  packageName: string,
  start: boolean,
): Promise<Reply> {
  const verdict = await verifyGlasses(bearerToken(request), tokenSecret);
  if (!verdict.ok) {
    return refuse(401, verdict.code, verdict.message);
  }
  const app = apps.get(packageName);
  if (app === undefined) {
    return refuse(404, "unknown_app", "There is no such app.");
  }
  const session = await sessions.getOrStart(verdict.claim.userId);
  if (session === undefined) {
    return refuse(503, "closing", "The server is closing.");
  }
  return await callApp(session, app, start);
}

async function callApp(session: UserSession, app: App, start: boolean): Promise<Reply> {
  const sessionId = session.appSessionId(app.packageName);
  try {
    if (start) {
      return { status: 200, body: { status: await session.startApp(app), sessionId } };
    }
    await session.stopApp(app);
    return { status: 200, body: { status: "stopped", sessionId } };
  } catch (error) {
    if (error instanceof WebhookError) {
      return refuse(502, "app_unavailable", error.message);
    }
    throw error;
  }
}

function pathOf(request: IncomingMessage): string {
  return withoutUserPath((request.url ?? "/").split("?", 1)[0] ?? "/");
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function refuse(status: number, error: string, message: string): Reply {
  return { status, body: { error, message } };
}

function send(response: ServerResponse, { status, body, contentType = "application/json" }: Reply): void {
  response.writeHead(status, {
    "content-type": contentType,
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  });
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
}
