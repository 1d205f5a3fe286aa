import { ApiErrorSchema } from "@server-playback/protocol";
import type { z } from "zod";
import { CommandError, type Context } from "./command.js";
import { cloudUrl, secret } from "./settings.js";

/** Bound of a request to the cloud, in ms. */
const REQUEST_MS = 10_000;

/**
 * Asks the cloud.
 * @throws {CommandError} `cloud_unreachable`, or the cloud's own error code
 */
export async function askCloud<T>(
  context: Context,
  answer: z.ZodType<T>,
  path: string,
  body?: object,
): Promise<T> {
  const response = await fetchCloud(context, path, body);
  const json: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const { error, message } = ApiErrorSchema.safeParse(json).data ?? {
      error: "cloud_error",
      message: `The cloud answered with status ${response.status}.`,
    };
    throw new CommandError(error, message);
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success) {
    throw new CommandError(
      "cloud_error",
      `The cloud's answer to ${path} is not understood; is it a newer one?`,
    );
  }
  return parsed.data;
}

/** The cloud's `/metrics`. @throws {CommandError} */
export async function cloudMetrics(context: Context): Promise<string> {
  const response = await fetchCloud(context, "/metrics");
  if (!response.ok) {
    throw new CommandError("cloud_error", `/metrics answered with status ${response.status}.`);
  }
  return await response.text();
}

/** The header by which an operator is known, if there is a token. */
export function operatorHeaders(context: Context): Record<string, string> {
  const token = secret(context, "CONSOLE_TOKEN");
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function fetchCloud(context: Context, path: string, body?: object): Promise<Response> {
  const url = cloudUrl(context);
  const headers = operatorHeaders(context);
  try {
    return await fetch(`${url}${path}`, {
      headers,
      signal: AbortSignal.any([context.signal, AbortSignal.timeout(REQUEST_MS)]),
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    throw new CommandError(
      "cloud_unreachable",
      `No cloud at ${url} (${code}): start it, or name it by --cloud.`,
    );
  }
}
