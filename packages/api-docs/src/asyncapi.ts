import {
  AppToCloudSchema,
  BridgeCommandSchema,
  BridgeEventSchema,
  CloudToAppSchema,
  CloudToGlassesSchema,
  GlassesToCloudSchema,
  LiveMessageSchema,
} from "@server-playback/protocol";
import type { z } from "zod";
import { VERSION } from "./openapi.js";
import { type Json, jsonSchema, variants } from "./schemas.js";

/** One direction of a socket: the union of its messages, told apart by `key`. */
interface Direction {
  readonly schema: z.ZodType;
  readonly key: "type" | "action";
  readonly summary: string;
}

/** A WebSocket and what goes over it, seen from the server that listens. */
export interface Socket {
  readonly name: string;
  readonly address: string;
  readonly server: "cloud" | "bridge";
  readonly description: string;
  readonly receives?: Direction;
  readonly sends: Direction;
}

/** Every socket. */
export const sockets: readonly Socket[] = [
  {
    name: "app",
    address: "/app-ws",
    server: "cloud",
    description: "Apps. The first message is `tpa_connection_init`, or the request carries a JWT.",
    receives: { schema: AppToCloudSchema, key: "type", summary: "An app tells the cloud" },
    sends: { schema: CloudToAppSchema, key: "type", summary: "The cloud tells an app" },
  },
  {
    name: "glasses",
    address: "/glasses-ws",
    server: "cloud",
    description: "Glasses, with a JWT in `Authorization: Bearer` or `?token=`.",
    receives: { schema: GlassesToCloudSchema, key: "type", summary: "Glasses tell the cloud" },
    sends: { schema: CloudToGlassesSchema, key: "type", summary: "The cloud tells glasses" },
  },
  {
    name: "bridge",
    address: "/ws",
    server: "bridge",
    description:
      "The bridge's controller, with `BRIDGE_SHARED_SECRET` in `Authorization: Bearer`. Binary frames are s16le PCM.",
    receives: { schema: BridgeCommandSchema, key: "action", summary: "A controller commands the bridge" },
    sends: { schema: BridgeEventSchema, key: "type", summary: "The bridge tells its controller" },
  },
  {
    name: "live",
    address: "/api/live",
    server: "cloud",
    description:
      "Operators, with `CONSOLE_TOKEN` in `Authorization: Bearer` or `?token=`. A reader that falls behind is cut off.",
    sends: { schema: LiveMessageSchema, key: "type", summary: "The cloud tells an operator" },
  },
];

/** Every socket, as AsyncAPI 3.0. */
export function asyncApi(): Json {
  const channels: Record<string, Json> = {};
  const operations: Record<string, Json> = {};
  for (const socket of sockets) {
    const { name, address, server, description, receives, sends } = socket;
    channels[name] = {
      address,
      servers: [{ $ref: `#/servers/${server}` }],
      description,
      messages: { ...messages(receives, "input"), ...messages(sends, "output") },
    };
    Object.assign(operations, operationOf(name, "receive", receives), operationOf(name, "send", sends));
  }
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Server Playback: the sockets",
      version: VERSION,
      license: { name: "Apache-2.0" },
      description: "JSON text frames. A receiver ignores fields that it does not know.",
    },
    defaultContentType: "application/json",
    servers: {
      cloud: { host: "127.0.0.1:8002", protocol: "ws", description: "CLOUD_HOST, CLOUD_PORT" },
      bridge: { host: "127.0.0.1:8080", protocol: "ws", description: "BRIDGE_HOST, BRIDGE_PORT" },
    },
    channels,
    operations,
  };
}

/** A message may go both ways (`audio_play_response`): then it is listed once a direction. */
function messages(direction: Direction | undefined, side: "input" | "output"): Record<string, Json> {
  return Object.fromEntries(
    [...named(direction)].map(([name, schema]) => [
      idOf(side, name),
      { name, title: name, payload: jsonSchema(schema, side, "draft-7") },
    ]),
  );
}

function operationOf(
  channel: string,
  action: "send" | "receive",
  direction: Direction | undefined,
): Record<string, Json> {
  if (direction === undefined) {
    return {};
  }
  const side = action === "send" ? "output" : "input";
  return {
    [`${channel}.${action}`]: {
      action,
      channel: { $ref: `#/channels/${channel}` },
      summary: direction.summary,
      messages: [...named(direction).keys()].map((name) => ({
        $ref: `#/channels/${channel}/messages/${idOf(side, name)}`,
      })),
    },
  };
}

function named(direction: Direction | undefined): Map<string, z.ZodType> {
  return direction === undefined ? new Map() : variants(direction.schema, direction.key);
}

function idOf(side: "input" | "output", name: string): string {
  return `${side === "input" ? "in" : "out"}.${name}`;
}
