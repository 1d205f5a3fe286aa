import type { IncomingMessage, ServerResponse } from "node:http";
import {
  ApiControlSchema,
  ApiPlaySchema,
  type ApiRoute,
  ApiStopSchema,
  apiRoutes,
  JobQuerySchema,
} from "@server-playback/protocol";
import type { z } from "zod";
import type { JobHistory } from "../jobs/JobHistory.js";
import type { Logger } from "../logger.js";
import type { OperatorAccess } from "./access.js";
import { readJson } from "./body.js";
import type { ConsoleFiles } from "./console-files.js";
import { matchRoute, type RouteMatch } from "./match-route.js";
import { OperationError, type Operations } from "./Operations.js";

export interface OperatorApiOptions {
  readonly access: OperatorAccess;
  readonly operations: Operations;
  readonly history: JobHistory;
  readonly files: ConsoleFiles;
  readonly log: Logger;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string | Buffer;
}

/** A request that is wrong; the body of its answer says how. */
class BadRequest extends Error {
  constructor(
    readonly code: "invalid_json" | "invalid_message",
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

/** Operators' side of HTTP: their routes under `/api/`, and the page under `/console`. */
export class OperatorApi {
  readonly #options: OperatorApiOptions;

  constructor(options: OperatorApiOptions) {
    this.#options = options;
  }

  /** Whether a request is for this side. */
  takes(request: IncomingMessage): boolean {
    const path = pathOf(request);
    if (path === "/console" || path.startsWith("/console/")) {
      return true;
    }
    const match = matchRoute(request.method ?? "", path);
    return match !== undefined && isOperators(match);
  }

  /** Answers the request; it never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#answer(request).catch((error: unknown) => this.#failed(error));
    const isJson = typeof reply.body === "object" && !Buffer.isBuffer(reply.body);
    response.writeHead(reply.status, {
      ...(isJson ? { "content-type": "application/json", "cache-control": "no-store" } : {}),
      ...(reply.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...reply.headers,
    });
    response.end(isJson ? `${JSON.stringify(reply.body)}\n` : reply.body);
    request.resume(); // what of a body nobody has read
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const path = pathOf(request);
    if (path === "/console" || path.startsWith("/console/")) {
      return request.method === "GET" || request.method === "HEAD"
        ? await this.#options.files.answer(path)
        : refuse(405, "method_not_allowed", "Use GET.");
    }
    const refusal = this.#options.access.refuse(request);
    if (refusal !== undefined) {
      return refuse(refusal.status, refusal.error, refusal.message);
    }
    const match = matchRoute(request.method ?? "", path);
    if (match?.hasMethod !== true) {
      return refuse(405, "method_not_allowed", "This path has another method.");
    }
    return { status: 200, body: await this.#carryOut(match, request) };
  }

  async #carryOut({ name, parameters }: RouteMatch, request: IncomingMessage): Promise<object> {
    const { operations, history } = this.#options;
    const { userId = "", requestId = "" } = parameters;
    switch (name) {
      case "sessions":
        return { sessions: operations.sessions() };
      case "jobs": {
        const { before, ...query } = parsed(JobQuerySchema, Object.fromEntries(queryOf(request)));
        return history.list({ ...query, before: before === undefined ? undefined : Number(before) });
      }
      case "job":
        return this.#known(requestId);
      case "play":
        return { requestId: operations.play(userId, parsed(ApiPlaySchema, await body(request))) };
      case "stop":
        return { stopped: operations.stop(userId, parsed(ApiStopSchema, await body(request)).trackId) };
      case "listen":
        return await operations.listen(userId);
      case "control": {
        const control = parsed(ApiControlSchema, await body(request));
        this.#known(requestId);
        operations.control(requestId, control);
        return { requestId, action: control.action };
      }
      default:
        throw new Error(`${name} is no operator's route.`);
    }
  }

  #known(requestId: string): object {
    const job = this.#options.history.get(requestId);
    if (job === undefined) {
      throw new OperationError(404, "unknown_job", "No job of this name is known.");
    }
    return job;
  }

  #failed(error: unknown): Reply {
    if (error instanceof BadRequest) {
      return refuse(400, error.code, error.message, error.field);
    }
    if (error instanceof OperationError) {
      return refuse(error.status, error.code, error.message);
    }
    this.#options.log.error({ error: String(error) }, "an operator's request failed");
    return refuse(500, "internal", "Something failed inside the server.");
  }
}

function isOperators({ name }: RouteMatch): boolean {
  const route: ApiRoute = apiRoutes[name];
  return route.access === "operator";
}

async function body(request: IncomingMessage): Promise<unknown> {
  const read = await readJson(request);
  if (!read.ok) {
    throw new BadRequest("invalid_json", read.error);
  }
  return read.value;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) {
    return result.data;
  }
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join(".") || undefined;
  throw new BadRequest(
    "invalid_message",
    `${field === undefined ? "" : `Field "${field}": `}${issue?.message}.`,
    field,
  );
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? "").split("?", 2)[1]);
}

function refuse(status: number, error: string, message: string, field?: string): Reply {
  return { status, body: { error, message, ...(field === undefined ? {} : { field }) } };
}
