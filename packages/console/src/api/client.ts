import {
  type ApiControl,
  ApiErrorSchema,
  type ApiPlay,
  type Job,
  type JobList,
  JobListSchema,
  JobSchema,
  ListenAccessSchema,
  PlayAcceptedSchema,
  SessionListSchema,
} from "@server-playback/protocol";
import { z } from "zod";

/** How long the server may take to answer, in ms. A play is answered once it is taken, not once it sounds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The server refused, or could not be asked; the message is for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The operators' API, as this page uses it. */
export class ApiClient {
  readonly #token: () => string | undefined;

  constructor(token: () => string | undefined) {
    this.#token = token;
  }

  /** Whether the API lets this page in. */
  async checkAccess(): Promise<void> {
    await this.#ask(SessionListSchema, "GET", "/api/sessions");
  }

  async play(userId: string, play: ApiPlay): Promise<string> {
    const path = `/api/sessions/${encodeURIComponent(userId)}/play`;
    return (await this.#ask(PlayAcceptedSchema, "POST", path, play)).requestId;
  }

  async control(requestId: string, control: ApiControl): Promise<void> {
    const path = `/api/jobs/${encodeURIComponent(requestId)}/control`;
    await this.#ask(z.unknown(), "POST", path, control);
  }

  /** Access to a user's room, to hear it. */
  async listen(userId: string): Promise<z.infer<typeof ListenAccessSchema>> {
    return await this.#ask(ListenAccessSchema, "POST", `/api/sessions/${encodeURIComponent(userId)}/listen`);
  }

  async job(requestId: string): Promise<Job> {
    return await this.#ask(JobSchema, "GET", `/api/jobs/${encodeURIComponent(requestId)}`);
  }

  /** Stops all that a user hears. */
  async stopAll(userId: string): Promise<void> {
    await this.#ask(z.unknown(), "POST", `/api/sessions/${encodeURIComponent(userId)}/stop`, {});
  }

  /** A page of jobs, newest first; `before` is the `next` of the page before. */
  async jobs(limit: number, before?: string): Promise<JobList> {
    const query = new URLSearchParams({ limit: String(limit), ...(before === undefined ? {} : { before }) });
    return await this.#ask(JobListSchema, "GET", `/api/jobs?${query}`);
  }

  async #ask<T>(schema: z.ZodType<T>, method: string, path: string, body?: object): Promise<T> {
    const response = await this.#fetch(method, path, body);
    const text = await response.text();
    if (!response.ok) {
      throw refusal(response.status, text);
    }
    const parsed = schema.safeParse(parseJson(text));
    if (!parsed.success) {
      throw new ApiError(response.status, "unreadable", `The answer of ${path} is not as agreed.`);
    }
    return parsed.data;
  }

  async #fetch(method: string, path: string, body: object | undefined): Promise<Response> {
    const token = this.#token();
    try {
      return await fetch(path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
    } catch {
      throw new ApiError(0, "unreachable", "The cloud does not answer: see whether it runs.");
    }
  }
}

function refusal(status: number, text: string): ApiError {
  const parsed = ApiErrorSchema.safeParse(parseJson(text));
  return parsed.success
    ? new ApiError(status, parsed.data.error, parsed.data.message)
    : new ApiError(status, "http_status", `The cloud answered with status ${status}.`);
}

function parseJson(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
