import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { BridgeSession } from "@server-playback/bridge-client";
import type { BridgeEventOf } from "@server-playback/protocol";
import { RoomServiceClient } from "livekit-server-sdk";
import { z } from "zod";
import { askCloud } from "../cloud-api.js";
import { CommandError, type Context } from "../command.js";
import { connectBridge, publishToken } from "../commands/play.js";
import { bridgeUrl, cloudUrl, liveKitCredentials } from "../settings.js";
import type { Check, Finding } from "./finding.js";

/** Share of a bridge's streams beyond which it is time for another one. */
const NEARLY_FULL = 0.8;
/** A token's times may be off by a minute before LiveKit refuses it; half of that is worth a word. */
const SKEW_POOR_MS = 30_000;
const SKEW_BAD_MS = 60_000;
/** Bound of an HTTP request, in ms. */
const REQUEST_MS = 5_000;
/** Bound of the wait for a room's track, in ms. */
const ROOM_MS = 15_000;
/** Silence that is played to see a packet leave: 200 ms of s16le at 16 kHz. */
const silence = { sampleRate: 16_000, bytes: 6_400 } as const;

export const checkCloud: Check = {
  of: "cloud",
  run: async (context) => {
    const { status } = await askCloud(context, z.object({ status: z.string() }), "/readyz");
    return [{ of: "cloud", is: "good", what: `${cloudUrl(context)} is ${status}` }];
  },
};

export const checkBridge: Check = {
  of: "bridge",
  run: async (context) => {
    const bridge = await connectBridge(context);
    try {
      const { version, capacity, activeStreams } = bridge.bridge;
      const roundTripMs = await bridge.client?.ping({ signal: context.signal });
      const what = `${bridgeUrl(context)} is version ${version}, answers in ${roundTripMs?.toFixed(1)} ms`;
      return [{ of: "bridge", is: "good", what }, capacityFinding(activeStreams, capacity)];
    } finally {
      await bridge.close();
    }
  },
};

function capacityFinding(active: number, capacity: number): Finding {
  const what = `${active} of ${capacity} streams are taken`;
  if (active >= capacity) {
    return { of: "capacity", is: "bad", what, fix: "- add a bridge, or raise MAX_STREAMS" };
  }
  return active >= capacity * NEARLY_FULL
    ? { of: "capacity", is: "poor", what, fix: "- add a bridge soon" }
    : { of: "capacity", is: "good", what };
}

export const checkLiveKit: Check = {
  of: "LiveKit",
  run: async (context) => {
    const { url, apiKey, apiSecret } = liveKitCredentials(context);
    const service = new RoomServiceClient(url.replace(/^ws/, "http"), apiKey, apiSecret);
    const rooms = await bounded(service.listRooms(), context).catch((error: unknown) => {
      throw new CommandError("livekit_unreachable", whyNot(url, error));
    });
    return [{ of: "LiveKit", is: "good", what: `${url} takes the key; ${rooms.length} rooms` }];
  },
};

function whyNot(url: string, error: unknown): string {
  const text = String(error);
  return /401|unauth|invalid token|permission/i.test(text)
    ? `${url} refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET`
    : `${url} does not answer`;
}

/** LiveKit's own clock, by the Date of its answer (RFC 9110, section 6.6.1): to the second. */
export const checkClock: Check = {
  of: "clock",
  run: async (context) => {
    const { url } = liveKitCredentials(context);
    const before = Date.now();
    const response = await bounded(fetch(url.replace(/^ws/, "http")), context);
    await response.body?.cancel();
    const date = response.headers.get("date");
    if (date === null) {
      return [{ of: "clock", is: "poor", what: "LiveKit does not tell its time" }];
    }
    return [skewFinding(new Date(date).getTime() + 500 - (before + Date.now()) / 2)];
  },
};

function skewFinding(skewMs: number): Finding {
  const what = `LiveKit's differs by ${(Math.abs(skewMs) / 1000).toFixed(1)} s`;
  const fix = "- tokens are refused beyond a minute: set the clocks by NTP";
  if (Math.abs(skewMs) > SKEW_BAD_MS) {
    return { of: "clock", is: "bad", what, fix };
  }
  return Math.abs(skewMs) > SKEW_POOR_MS
    ? { of: "clock", is: "poor", what, fix }
    : { of: "clock", is: "good", what };
}

/** Joins a room of its own by the bridge, sends a little silence and leaves: the whole way of a sound. */
export const checkRoom: Check = {
  of: "room",
  run: async (context) => {
    const credentials = liveKitCredentials(context);
    const room = `doctor-${randomBytes(6).toString("hex")}`;
    const bridge = await connectBridge(context);
    try {
      const failed = failure(bridge);
      const startedAt = performance.now();
      const token = await publishToken(credentials, room);
      const join = () => {
        bridge.send({
          action: "join_room",
          requestId: "doctor",
          roomName: room,
          token,
          url: credentials.url,
        });
        return bounded(Promise.race([nextJoined(bridge), failed]), context, ROOM_MS);
      };
      await join();
      const joinMs = Math.round(performance.now() - startedAt);
      const played = await bounded(Promise.race([playSilence(bridge), failed]), context, ROOM_MS);
      const what = `joined in ${joinMs} ms, ${Math.round(played)} ms of silence were sent`;
      const { transport } = await join(); // already joined, it only tells how it stands
      return [{ of: "room", is: "good", what }, transportFinding(transport)];
    } finally {
      await bridge.close();
    }
  },
};

function nextJoined(bridge: BridgeSession): Promise<BridgeEventOf<"room_joined">> {
  return new Promise((resolve) => {
    const leave = bridge.on("room_joined", (event) => {
      leave();
      resolve(event);
    });
  });
}

/** Rejects when the bridge refuses something or goes away. */
function failure(bridge: BridgeSession): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    bridge.on("error", ({ error, message }) => reject(new CommandError(error, message ?? error)));
    bridge.on("close", () => reject(new CommandError("bridge_closed", "the bridge closed the connection")));
  });
  failed.catch(() => {}); // the goodbye at the end is no failure
  return failed;
}

async function playSilence(bridge: BridgeSession): Promise<number> {
  const ended = new Promise<number>((resolve) =>
    bridge.on("play_complete", ({ durationMs = 0 }) => resolve(durationMs)),
  );
  bridge.send({ action: "start_pcm", requestId: "doctor", sampleRate: silence.sampleRate });
  await bridge.client?.sendPcm(new Uint8Array(silence.bytes));
  bridge.send({ action: "end_pcm", requestId: "doctor" });
  return await ended;
}

function transportFinding(transport: string | undefined): Finding {
  if (transport === undefined) {
    return { of: "media", is: "poor", what: "the bridge does not tell how media travels" };
  }
  return transport === "udp"
    ? { of: "media", is: "good", what: "travels over UDP" }
    : {
        of: "media",
        is: "poor",
        what: `travels over ${transport.toUpperCase()}`,
        fix: "- open LiveKit's UDP ports to the bridge: a lost packet holds up all that follow",
      };
}

async function bounded<T>(work: Promise<T>, { signal }: Context, ms = REQUEST_MS): Promise<T> {
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal]);
  const expired = setTimeout(ms, undefined, { signal: end }).then(
    () => {
      throw new CommandError("timeout", `no answer within ${ms / 1000} s`);
    },
    () => {
      throw new CommandError("aborted", "given up");
    },
  );
  expired.catch(() => {});
  try {
    return await Promise.race([work, expired]);
  } finally {
    over.abort();
  }
}
