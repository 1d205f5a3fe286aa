import { randomBytes } from "node:crypto";
import { BridgeClientError, connect, type Playback, PlaybackError } from "@server-playback/bridge-client";
import { AccessToken } from "livekit-server-sdk";
import {
  type Command,
  CommandError,
  type Context,
  type ExitCode,
  exitCodes,
  isOn,
  numberOption,
  onlyArgument,
  requiredOption,
  UsageError,
} from "../command.js";
import {
  bridgeOptions,
  bridgeUrl,
  type LiveKitCredentials,
  liveKitCredentials,
  secret,
} from "../settings.js";
import { bar, clock } from "../text.js";

const DAY_MS = 24 * 3600 * 1000;
/** Life of the token, in seconds: it is used at once. */
const TOKEN_TTL_S = 120;

/** Plays a URL into a room, by a bridge and without the cloud. */
export const play: Command = {
  name: "play",
  usage: "URL --room ROOM",
  summary: "play a URL into a LiveKit room; Ctrl-C stops it",
  options: {
    room: { value: "ROOM", help: "the LiveKit room" },
    volume: { value: "V", help: "linear, 0 to 1 (1)" },
    start: { value: "MS", help: "where in the sound to begin, in ms" },
    loop: { help: "from its end on again, until stopped" },
    ...bridgeOptions,
  },
  run: async (context) => {
    const sound = soundOf(context);
    const { url, ...credentials } = liveKitCredentials(context);
    const room = requiredOption(context, "room");
    const bridge = await connectBridge(context);
    try {
      const token = await publishToken({ url, ...credentials }, room);
      // The bridge joins the server that this command names, not one of its own.
      bridge.send({ action: "join_room", roomName: room, token, url });
      return await follow(context, bridge.play({ ...sound, roomName: room, token, signal: context.signal }));
    } finally {
      await bridge.close();
    }
  },
};

function soundOf(context: Context) {
  const url = onlyArgument(context, "URL to play");
  if (!/^https?:\/\/[^/]/.test(url)) {
    throw new UsageError(`${url} is not an http(s) URL.`);
  }
  const volume = numberOption(context, "volume", 0, 1);
  const startMs = numberOption(context, "start", 0, DAY_MS);
  return {
    url,
    ...(volume === undefined ? {} : { volume }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(isOn(context, "loop") ? { loop: true } : {}),
  };
}

/** A session on the bridge. @throws {CommandError} */
export async function connectBridge(context: Context): ReturnType<typeof connect> {
  try {
    const bridgeSecret = secret(context, "BRIDGE_SHARED_SECRET");
    return await connect(bridgeUrl(context), { secret: bridgeSecret, signal: context.signal });
  } catch (error) {
    if (error instanceof BridgeClientError) {
      throw new CommandError(`bridge_${error.code}`, error.message);
    }
    throw error;
  }
}

/** A token that may publish in this room and nothing else. */
export async function publishToken({ apiKey, apiSecret }: LiveKitCredentials, room: string): Promise<string> {
  const identity = `server-playback-cli-${randomBytes(6).toString("hex")}`;
  const token = new AccessToken(apiKey, apiSecret, { identity, ttl: TOKEN_TTL_S });
  token.addGrant({ room, roomJoin: true, canPublish: true, canSubscribe: false });
  return await token.toJwt();
}

async function follow(context: Context, playback: Playback): Promise<ExitCode> {
  let lengthMs: number | undefined;
  playback.on("started", (event) => {
    lengthMs = event.expectedDurationMs;
    const { codec, firstFrameLatencyMs } = event;
    context.print(`playing ${codec}, first packet after ${firstFrameLatencyMs} ms`, event);
  });
  playback.on("progress", (event) => {
    context.progress(position(event.positionMs, lengthMs));
    if (context.json) {
      context.print("", event);
    }
  });
  try {
    const result = await playback.finished;
    context.print(`${result.outcome} after ${clock(result.durationMs)}`, { type: "finished", ...result });
    return result.outcome === "completed" ? exitCodes.done : exitCodes.interrupted;
  } catch (error) {
    if (context.signal.aborted) {
      return exitCodes.interrupted;
    }
    throw error instanceof PlaybackError ? new CommandError(error.code, error.message) : error;
  }
}

function position(positionMs: number, lengthMs: number | undefined): string {
  return lengthMs === undefined
    ? clock(positionMs)
    : `${bar(positionMs / lengthMs)} ${clock(positionMs)} of ${clock(lengthMs)}`;
}
