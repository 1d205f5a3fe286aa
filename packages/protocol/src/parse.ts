import type { z } from "zod";

/** A wire message that was taken, or why it was not. `field` is a dotted path, `name` the unknown type's. */
export type ParseResult<T> =
  | { ok: true; message: T }
  | { ok: false; code: "invalid_json" | "invalid_message"; error: string; field?: string }
  | { ok: false; code: "unknown_type"; error: string; field: string; name: string };

/**
 * Parses one JSON text frame of a union discriminated by `key`.
 * Never throws: what strangers send is data, not an exception.
 */
export function parseMessage<T>(schema: z.ZodType<T>, key: "type" | "action", text: string): ParseResult<T> {
  const json = parseJson(text);
  if (json === undefined) {
    return { ok: false, code: "invalid_json", error: "The message is not a JSON object." };
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? { ok: true, message: parsed.data } : explain(parsed.error, key, json);
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function explain<T>(error: z.ZodError, key: string, json: Record<string, unknown>): ParseResult<T> {
  const issue = error.issues[0] as z.core.$ZodIssue; // a zod error has at least one issue
  const field = issue.path.map(String).join(".") || key;
  if (field === key && typeof json[key] === "string") {
    const name = clip(json[key]);
    return { ok: false, code: "unknown_type", error: `Unknown ${key} "${name}".`, field, name };
  }
  return { ok: false, code: "invalid_message", error: `Field "${field}": ${issue.message}.`, field };
}

function clip(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
