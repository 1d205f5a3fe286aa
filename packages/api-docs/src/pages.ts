import { type ApiRoute, apiRoutes, playErrorSentences } from "@server-playback/protocol";
import type { z } from "zod";
import { type Socket, sockets } from "./asyncapi.js";
import { type JsonSchema, jsonSchema, variants } from "./schemas.js";

const made = "<!-- Made from the schemas by `make docs`; do not edit. -->\n\n";

/** The HTTP side, for people. */
export function httpPage(): string {
  const rows = Object.values(apiRoutes).map(
    ({ method, path, access, summary }: ApiRoute) =>
      `| [\`${method} ${path}\`](#${anchor(`${method} ${path}`)}) | ${access} | ${summary} |`,
  );
  const table = ["| route | who | what |", "|---|---|---|", ...rows].join("\n");
  const routes = Object.values(apiRoutes).map(routeSection).join("\n");
  return `# HTTP\n\n${made}The machine-readable form is [openapi.json](openapi.json). Operators send \`Authorization: Bearer\` with \`CONSOLE_TOKEN\`; glasses their own token.\n\n${table}\n\n${routes}`;
}

/** The sockets, for people. */
export function socketsPage(): string {
  const intro = `# Sockets\n\n${made}The machine-readable form is [asyncapi.json](asyncapi.json). All frames are JSON text unless said otherwise; unknown fields are ignored. Fields with \`?\` may be absent.\n`;
  return [intro, ...sockets.map(socketSection), errorSection()].join("\n");
}

function routeSection(route: ApiRoute): string {
  const parts = [`## ${route.method} ${route.path}\n\n${route.summary}\n`];
  if (route.query !== undefined) {
    parts.push(`Query:\n\n${fieldTable(jsonSchema(route.query, "input"))}`);
  }
  if (route.body !== undefined) {
    parts.push(`Body:\n\n${describe(jsonSchema(route.body, "input"))}`);
  }
  const { response } = route;
  parts.push(
    `Answer:${typeof response === "string" ? ` \`${response}\`\n` : `\n\n${describe(jsonSchema(response, "output"))}`}`,
  );
  const errors = Object.entries(route.errors ?? {}).map(([status, what]) => `- **${status}** ${what}\n`);
  if (errors.length > 0) {
    parts.push(errors.join(""));
  }
  return parts.join("\n");
}

function socketSection({ address, server, description, receives, sends }: Socket): string {
  const directions = [receives, sends].filter((direction) => direction !== undefined);
  const tables = directions.map(({ schema, key, summary }) => messageTable(schema, key, summary));
  return `## ${address} (${server})\n\n${description}\n\n${tables.join("\n")}`;
}

function messageTable(schema: z.ZodType, key: string, summary: string): string {
  const rows = [...variants(schema, key)].map(
    ([name, message]) => `| \`${name}\` | ${fieldsOf(jsonSchema(message, "input"), key)} |`,
  );
  return `${summary}:\n\n| \`${key}\` | fields |\n|---|---|\n${rows.join("\n")}\n`;
}

function errorSection(): string {
  const rows = Object.entries(playErrorSentences).map(([code, sentence]) => `| \`${code}\` | ${sentence} |`);
  return `## Error codes\n\nStable: programs branch on them, none is ever renamed.\n\n| code | meaning |\n|---|---|\n${rows.join("\n")}\n`;
}

function describe(schema: JsonSchema): string {
  const options = schema.oneOf ?? schema.anyOf;
  return options === undefined ? fieldTable(schema) : `${options.map(fieldTable).join("\nor\n\n")}`;
}

function fieldTable(schema: JsonSchema): string {
  const rows = properties(schema).map(
    ([name, field, required]) => `| \`${name}\`${required ? "" : "?"} | ${typeOf(field)} |`,
  );
  return rows.length === 0 ? "Nothing.\n" : `| field | type |\n|---|---|\n${rows.join("\n")}\n`;
}

function fieldsOf(schema: JsonSchema, key: string): string {
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) {
    return options.map((option) => fieldsOf(option, key)).join("<br>or ");
  }
  const fields = properties(schema).filter(([name]) => name !== key);
  return fields
    .map(([name, field, required]) => `\`${name}\`${required ? "" : "?"}: ${typeOf(field)}`)
    .join(", ");
}

function properties(schema: JsonSchema): [string, JsonSchema, boolean][] {
  const { required = [] } = schema;
  return Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name,
    field,
    required.includes(name),
  ]);
}

/** A type in a few words: with its bounds, its values, or what it is a list of. */
function typeOf(schema: JsonSchema): string {
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) {
    return options.map(typeOf).join(" or ");
  }
  if (schema.const !== undefined) {
    return `\`${JSON.stringify(schema.const)}\``;
  }
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => `\`${String(value)}\``).join(" \\| ");
  }
  switch (schema.type) {
    case "array":
      return `list of ${typeOf(schema.items ?? {})}`;
    case "object":
      return objectType(schema);
    case "number":
    case "integer":
      return `${schema.type}${bounds(schema.minimum, schema.maximum)}`;
    case "string":
      return `text${bounds(schema.minLength, schema.maxLength)}`;
    default:
      return schema.type ?? "anything";
  }
}

function objectType(schema: JsonSchema): string {
  const fields = properties(schema).map(
    ([name, field, required]) => `\`${name}\`${required ? "" : "?"}: ${typeOf(field)}`,
  );
  return fields.length === 0 ? "object" : `{ ${fields.join(", ")} }`;
}

function bounds(low: number | undefined, high: number | undefined): string {
  const isSaid = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (!isSaid(low) && !isSaid(high)) {
    return "";
  }
  return isSaid(high) ? ` ${isSaid(low) ? String(low) : ""}–${String(high)}` : ` ≥ ${String(low)}`;
}

/** As GitHub makes the anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
