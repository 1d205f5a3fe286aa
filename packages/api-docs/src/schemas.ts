import { z } from "zod";

/** A part of a document, as a plain object. */
export type Json = Record<string, unknown>;

/** A JSON Schema: the keywords that are looked at, and all others. */
export interface JsonSchema extends Json {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

/** Which side of a schema: what may be sent to the server, or what it answers. */
type Side = "input" | "output";

/** The JSON Schema of a zod schema, without the keys that only a document of its own has. */
export function jsonSchema(
  schema: z.ZodType,
  side: Side,
  target: "draft-2020-12" | "draft-7" = "draft-2020-12",
): JsonSchema {
  const made = z.toJSONSchema(schema, { io: side, target, unrepresentable: "any" });
  return withoutKeys(made as JsonSchema, ["$schema", "~standard"]);
}

/** The variants of a union whose `key` is a constant, by that constant. */
export function variants(schema: z.ZodType, key: string): Map<string, z.ZodType> {
  const found = new Map<string, z.ZodType>();
  for (const option of leaves(schema)) {
    const literal = option.shape[key];
    if (literal instanceof z.ZodLiteral) {
      const name = String([...literal.values][0]);
      const known = found.get(name);
      found.set(name, known === undefined ? option : z.union([known, option]));
    }
  }
  return found;
}

function leaves(schema: z.ZodType): z.ZodObject[] {
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => leaves(option as z.ZodType));
  }
  return schema instanceof z.ZodObject ? [schema] : [];
}

function withoutKeys(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}
