import { ApiErrorSchema, type ApiRoute, apiRoutes } from "@server-playback/protocol";
import { z } from "zod";
import { type Json, jsonSchema } from "./schemas.js";

/** Version of the documents: that of the packages. */
export const VERSION = "0.1.0";

const securityOf = { anybody: [], operator: [{ operator: [] }], glasses: [{ glasses: [] }] } as const;

/** The HTTP side of the cloud, as OpenAPI 3.1. */
export function openApi(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(apiRoutes)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Server Playback: the cloud's HTTP side",
      version: VERSION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Operators' routes need `CONSOLE_TOKEN`, unless the cloud listens on loopback without one. " +
        "Every answer other than 2xx has a stable `error` code and a `message` for people.",
    },
    servers: [{ url: "http://127.0.0.1:8002", description: "As `make dev` starts it" }],
    paths,
    components: {
      schemas: { Error: jsonSchema(ApiErrorSchema, "output") },
      securitySchemes: {
        operator: { type: "http", scheme: "bearer", description: "CONSOLE_TOKEN" },
        glasses: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The glasses' token" },
      },
    },
  };
}

function operation(name: string, route: ApiRoute): Json {
  const parameters = [...pathParameters(route.path), ...queryParameters(route.query)];
  return {
    operationId: name,
    summary: route.summary,
    security: securityOf[route.access],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { content: json(jsonSchema(route.body, "input")) } }),
    responses: { 200: answer(route), ...errorAnswers(route) },
  };
}

function answer({ response }: ApiRoute): Json {
  const content =
    typeof response === "string"
      ? { [response]: { schema: { type: "string" } } }
      : json(jsonSchema(response, "output"));
  return { description: "Done.", content };
}

function errorAnswers({ errors = {}, access }: ApiRoute): Record<string, Json> {
  const all: Record<number, string> = {
    ...(access === "anybody" ? {} : { 401: "The token is missing or wrong." }),
    ...errors,
  };
  const content = json({ $ref: "#/components/schemas/Error" });
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => [status, { description, content }]),
  );
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodObject | undefined): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    required: !schema.safeParse(undefined).success,
    schema: jsonSchema(schema instanceof z.ZodDefault ? schema : (schema as z.ZodType), "output"),
  }));
}

function json(schema: Json): Json {
  return { "application/json": { schema } };
}
