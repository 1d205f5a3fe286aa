import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { JobWatch, OperatorSide } from "./api/OperatorSide.js";
import { Apps } from "./apps.js";
import { BridgePool } from "./BridgePool.js";
import { bridgeUrls } from "./bridge-directory.js";
import { closeCodes } from "./close-codes.js";
import type { CloudConfig } from "./config.js";
import { createHttpHandler } from "./http.js";
import { LiveKitManager } from "./LiveKitManager.js";
import { LoginThrottle } from "./LoginThrottle.js";
import type { Leases } from "./lease/Lease.js";
import type { SessionRecords } from "./lease/SessionRecord.js";
import { sharedState } from "./lease/shared-state.js";
import { createLogger, hashUser, type LogFormat, type Logger, logDestination } from "./logger.js";
import { Metrics } from "./metrics.js";
import { PlaybackFlags } from "./playback-flags.js";
import { createSpeech, type SpeechParts } from "./speech/create-speech.js";
import type { PlayTracer } from "./tracing/PlayTracer.js";
import { UserSessions } from "./UserSessions.js";
import { withoutUserPath } from "./user-path.js";
import { AppWebSocketService } from "./websocket-app.service.js";
import { GlassesWebSocketService } from "./websocket-glasses.service.js";

/** How long a closed socket waits for the other side's goodbye, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;
/** Largest frame that is read at all, in bytes; larger than the largest message, to be able to answer. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** A running cloud. */
export interface Cloud {
  /** `http://host:port` as it listens. */
  readonly url: string;
  readonly metrics: Metrics;
  /** Ends everything that this cloud owns. Calls after the first wait for the same end. */
  close(): Promise<void>;
}

/** The server could not start; the message says what to change. */
export class CloudStartError extends Error {
  override readonly name = "CloudStartError";
}

/**
 * Starts a cloud in this process.
 * @throws {CloudStartError} the address cannot be listened on
 * @throws {JobStoreError} the file of jobs cannot be used
 */
export async function startCloud(
  config: CloudConfig,
  log: Logger = createLogger(config.logLevel, logDestination(config.logFormat ?? usualFormat())),
  tracer?: PlayTracer,
): Promise<Cloud> {
  const metrics = new Metrics();
  const watch = new JobWatch(config, metrics, tracer);
  const server = createServer();
  try {
    await listen(server, config);
  } catch (error) {
    watch.history.close();
    throw error;
  }
  return new RunningCloud(server, metrics, watch, config, log, tracer);
}

function usualFormat(): LogFormat {
  return process.stdout.isTTY ? "pretty" : "json";
}

class RunningCloud implements Cloud {
  readonly url: string;
  readonly #server: Server;
  readonly #watch: JobWatch;
  readonly #operators: OperatorSide;
  readonly #sockets: WebSocketServer;
  readonly #sessions: UserSessions;
  readonly #appSockets: AppWebSocketService;
  readonly #glassesSockets: GlassesWebSocketService;
  readonly #speech: SpeechParts | undefined;
  readonly #flags: PlaybackFlags;
  readonly #drainTimeoutMs: number;
  readonly #leases: Leases;
  readonly #records: SessionRecords;
  readonly #log: Logger;
  #closing: Promise<void> | undefined;

  constructor(
    server: Server,
    readonly metrics: Metrics,
    watch: JobWatch,
    config: CloudConfig,
    log: Logger,
    tracer: PlayTracer | undefined,
  ) {
    const url = addressOf(server);
    this.url = url;
    this.#server = server;
    this.#watch = watch;
    this.#log = log;
    const apps = new Apps(config.apps);
    const { leases, records } = sharedState(config, log);
    this.#leases = leases;
    this.#records = records;
    const publicUrl = config.publicUrl ?? url;
    const speech = createSpeech(config, publicUrl, metrics, log);
    this.#speech = speech;
    const bridges = new BridgePool({ urls: bridgeUrls(config.bridge?.url ?? "") });
    // Without a room to play in, no flag turns it on.
    const flagsFile = config.canPlayInRoom ? config.playbackFlagsFile : undefined;
    this.#flags = new PlaybackFlags(config.playbackMode, flagsFile, log);
    this.#drainTimeoutMs = config.drainTimeoutMs ?? 0;
    const liveKit = config.liveKit === undefined ? undefined : new LiveKitManager(config.liveKit);
    const sessions = new UserSessions({
      apps,
      metrics,
      log,
      liveKit,
      speaker: {
        enable: config.canPlayInRoom,
        bridgeUrl: config.bridge?.url ?? "",
        bridgeSecret: config.bridge?.secret,
        cooldownMs: config.bridgeCooldownMs,
        speech: speech?.player,
        bridges,
        listenerWaitMs: config.listenerWaitMs,
        roomTimeoutMs: config.roomTimeoutMs,
        observer: watch.observer,
        traceparent: tracer?.traceparent.bind(tracer),
      },
      logUser: config.logHashUsers ? (userId) => hashUser(userId, config.glassesTokenSecret) : undefined,
      observer: {
        onSession: (session) => this.#operators.onSession(session),
        onSessionEnded: (userId) => this.#operators.onSessionEnded(userId),
      },
      leases,
      records,
      flags: this.#flags,
      graceMs: config.sessionGraceMs,
      publicUrl,
      signSpeechUrl: speech?.signUrl,
      hasOtherNodes: config.redisUrl !== undefined,
      prepareSpeech: speech?.prepare,
    });
    const { glassesTokenSecret, appTokenSecret } = config;
    const throttle = new LoginThrottle();
    this.#sessions = sessions;
    this.#appSockets = new AppWebSocketService({
      apps,
      tokenSecret: appTokenSecret,
      sessions,
      throttle,
      metrics,
      log,
    });
    this.#glassesSockets = new GlassesWebSocketService({
      tokenSecret: glassesTokenSecret,
      sessions,
      throttle,
      metrics,
      log,
    });
    this.#sockets = createSocketServer();
    this.#operators = new OperatorSide(watch, { config, sessions, liveKit, metrics, log });
    const isReady = () => this.#closing === undefined;
    const handle = createHttpHandler({
      apps,
      tokenSecret: glassesTokenSecret,
      sessions,
      metrics,
      log,
      tts: speech?.route,
      isReady,
    });
    server.on("request", (request, response) => {
      if (this.#operators.takes(request)) {
        void this.#operators.handle(request, response);
      } else {
        handle(request, response);
      }
    });
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    log.info({ url, playbackMode: config.playbackMode }, "cloud listens");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#sessions.drain(AbortSignal.timeout(this.#drainTimeoutMs));
    const listenerClosed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#flags.close();
    await this.#sessions.close();
    this.#operators.close();
    await this.#leases.close();
    this.#records.close();
    const socketsClosed = new Promise<void>((resolve) => this.#sockets.close(() => resolve()));
    for (const socket of this.#sockets.clients) {
      socket.close(closeCodes.restarting.code, closeCodes.restarting.reason);
    }
    await socketsClosed;
    await this.#speech?.close();
    this.#server.closeAllConnections();
    await listenerClosed;
    this.#watch.history.close();
    this.#log.info("cloud closed");
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const accept = this.#route(request);
    if (accept === undefined || this.#closing !== undefined) {
      const status = accept === undefined ? "404 Not Found" : "503 Service Unavailable";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      accept(ws).catch((error: unknown) => {
        this.#log.error({ error: String(error) }, "a connection failed");
        ws.terminate();
      });
    });
  }

  #route(request: IncomingMessage): ((ws: WebSocket) => Promise<void>) | undefined {
    const [path, query] = (request.url ?? "/").split("?", 2);
    switch (withoutUserPath(path ?? "/")) {
      case "/app-ws":
        return (ws) => this.#appSockets.accept(ws, request);
      case "/glasses-ws":
        return (ws) => this.#glassesSockets.accept(ws, request, new URLSearchParams(query));
      case "/api/live":
        return async (ws) => this.#operators.acceptLive(ws, request, new URLSearchParams(query));
      default:
        return undefined;
    }
  }
}

function createSocketServer(): WebSocketServer {
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  return new WebSocketServer(options);
}

function listen(server: Server, { host, port }: CloudConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const what =
        error.code === "EADDRINUSE"
          ? `Port ${port} on ${host} is in use: set CLOUD_PORT to another one.`
          : `Cannot listen on ${host}:${port} (${error.code ?? error.message}): check CLOUD_HOST and CLOUD_PORT.`;
      reject(new CloudStartError(what));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
