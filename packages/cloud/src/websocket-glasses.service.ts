import type { IncomingMessage } from "node:http";
import {
  type CloudToGlasses,
  type GlassesToCloud,
  GlassesToCloudSchema,
  glassesTypesOfOthers,
} from "@server-playback/protocol";
import type { WebSocket } from "ws";
import { closeCodes } from "./close-codes.js";
import { verifyGlasses } from "./credentials.js";
import { bearerToken, header } from "./headers.js";
import { JsonSocket } from "./JsonSocket.js";
import type { LoginThrottle } from "./LoginThrottle.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import type { UserSession } from "./UserSession.js";
import type { UserSessions } from "./UserSessions.js";

/** Refused sockets that may wait for their answer at once. */
const MAX_HELD_BACK = 512;

export interface GlassesServiceOptions {
  /** Verifies the glasses' JWTs. */
  tokenSecret: string;
  sessions: UserSessions;
  throttle: LoginThrottle;
  metrics: Metrics;
  log: Logger;
}

/** Glasses' sockets: `/glasses-ws`. */
export class GlassesWebSocketService {
  readonly #options: GlassesServiceOptions;
  #heldBack = 0;

  constructor(options: GlassesServiceOptions) {
    this.#options = options;
  }

  /** Takes the glasses' socket over, if the token in header or query names a user. */
  async accept(ws: WebSocket, request: IncomingMessage, query: URLSearchParams): Promise<void> {
    ws.on("error", () => {}); // followed by "close"; an unheard error would end the process
    ws.pause(); // nothing is read, not even the end, before there is somebody to hear it
    await this.#admit(ws, request, query);
    ws.resume();
  }

  async #admit(ws: WebSocket, request: IncomingMessage, query: URLSearchParams): Promise<void> {
    const token = bearerToken(request) ?? query.get("token") ?? undefined;
    const verdict = await verifyGlasses(token, this.#options.tokenSecret);
    if (!verdict.ok) {
      await this.#holdBack(ws, this.#options.throttle.refused(request.socket.remoteAddress ?? ""));
      this.#refuse(ws, verdict);
      return;
    }
    const session = await this.#options.sessions.getOrStart(verdict.claim.userId);
    if (session === undefined) {
      ws.close(closeCodes.restarting.code, closeCodes.restarting.reason);
      return;
    }
    const wantsRoom = header(request, "livekit") === "true" || query.get("livekit") === "true";
    await session.attachGlasses(this.#connect(ws, session), wantsRoom);
  }

  #connect(ws: WebSocket, session: UserSession): JsonSocket<GlassesToCloud, CloudToGlasses> {
    const socket: JsonSocket<GlassesToCloud, CloudToGlasses> = new JsonSocket(ws, {
      wire: "glasses",
      schema: GlassesToCloudSchema,
      typesOfOthers: glassesTypesOfOthers,
      ignoreBinary: true, // the microphone
      metrics: this.#options.metrics,
      log: session.log,
      onMessage: (message) => void session.handleGlassesMessage(socket, message),
      onClose: () => session.detachGlasses(socket),
    });
    return socket;
  }

  /** Keeps a refusal waiting, unless too many wait already: strangers can hold no more memory than that. */
  async #holdBack(ws: WebSocket, ms: number): Promise<void> {
    if (this.#heldBack < MAX_HELD_BACK && ms > 0) {
      this.#heldBack++;
      await pauseWhileOpen(ws, ms);
      this.#heldBack--;
    }
  }

  #refuse(ws: WebSocket, { code, message }: { code: string; message: string }): void {
    this.#options.metrics.refusedConnections.inc({ wire: "glasses" });
    this.#options.log.info({ wire: "glasses", code }, "connection refused");
    const refusal: CloudToGlasses = { type: "auth_error", message, timestamp: new Date().toISOString() };
    ws.send(JSON.stringify(refusal));
    ws.close(closeCodes.refused.code, closeCodes.refused.reason);
  }
}

/** Resolves after so many ms, or when the socket has closed. */
function pauseWhileOpen(ws: WebSocket, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      ws.off("close", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    ws.once("close", end);
  });
}
