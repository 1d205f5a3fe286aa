import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  AppToCloudSchema,
  BridgeCommandSchema,
  BridgeEventSchema,
  errorCodes,
  GlassesToCloudSchema,
  parseMessage,
} from "../src/index.js";

const FixtureSchema = z.object({
  valid: z.array(z.object({ name: z.string(), message: z.record(z.string(), z.unknown()) })),
  invalid: z.array(
    z.object({
      name: z.string(),
      text: z.string().optional(),
      message: z.record(z.string(), z.unknown()).optional(),
      field: z.string().optional(),
    }),
  ),
});

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8"));
}

const wires = [
  { file: "bridge-commands", schema: BridgeCommandSchema, key: "action" },
  { file: "bridge-events", schema: BridgeEventSchema, key: "type" },
  { file: "app-messages", schema: AppToCloudSchema, key: "type" },
  { file: "glasses-messages", schema: GlassesToCloudSchema, key: "type" },
] as const;

describe.each(wires)("PR-1 the fixtures of $file", ({ file, schema, key }) => {
  const { valid, invalid } = FixtureSchema.parse(load(file));

  it.each(valid)("takes: $name", ({ message }) => {
    const parsed = parseMessage<unknown>(schema, key, JSON.stringify(message));
    expect(parsed).toMatchObject({ ok: true });
    const { fromTheFuture: _, ...known } = message;
    expect(parsed).toHaveProperty("message", known);
  });

  it.each(invalid)("refuses and names the field: $name", ({ message, text, field }) => {
    const parsed = parseMessage<unknown>(schema, key, text ?? JSON.stringify(message));
    expect(parsed.ok).toBe(false);
    expect(parsed).toHaveProperty("error", expect.stringContaining(field ?? "JSON"));
    expect("field" in parsed ? parsed.field : undefined).toBe(field);
  });

  it("has a fixture for each kind of message", () => {
    const kinds = schema.options.flatMap((option) => kindsOf(option, key));
    expect(new Set(valid.map(({ message }) => message[key]))).toEqual(new Set(kinds));
  });
});

/** The literals of `key` that an option of a discriminated union stands for. */
function kindsOf(option: z.core.$ZodType, key: string): unknown[] {
  return [...(option._zod.propValues?.[key] ?? [])];
}

describe("PR-2 the error codes", () => {
  it("are those that the bridge's tests read", () => {
    expect(load("error-codes")).toEqual(errorCodes);
  });
});
