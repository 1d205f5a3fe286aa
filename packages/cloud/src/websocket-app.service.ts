import type { IncomingMessage } from "node:http";
import {
  type AppConnectionInit,
  type AppToCloud,
  AppToCloudSchema,
  appTypesOfOthers,
  type CloudToApp,
} from "@server-playback/protocol";
import type { WebSocket } from "ws";
import type { Apps } from "./apps.js";
import { type CloseCode, closeCodes } from "./close-codes.js";
import { type AppClaim, type Verdict, verifyAppKey, verifyAppToken } from "./credentials.js";
import { bearerToken, header } from "./headers.js";
import { JsonSocket } from "./JsonSocket.js";
import type { LoginThrottle } from "./LoginThrottle.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import type { AppMessage, UserSession } from "./UserSession.js";
import type { UserSessions } from "./UserSessions.js";

/** How long a socket may be open without valid credentials, in ms; no traffic extends it. */
const AUTHENTICATION_MS = 5_000;
/** Bad messages answered before a socket has shown credentials: enough for a mistake, not for a flood. */
const MAX_BAD_MESSAGES_BEFORE_CREDENTIALS = 8;
/** Sockets that may wait for their credentials at once: strangers can hold no more memory than that. */
const MAX_ANONYMOUS = 512;

export interface AppServiceOptions {
  apps: Apps;
  /** Verifies apps' JWTs; without it apps show their key. */
  tokenSecret: string | undefined;
  sessions: UserSessions;
  throttle: LoginThrottle;
  metrics: Metrics;
  log: Logger;
}

/** Apps' sockets: `/app-ws`. */
export class AppWebSocketService {
  readonly #options: AppServiceOptions;
  #anonymous = 0;

  constructor(options: AppServiceOptions) {
    this.#options = options;
  }

  /** Takes an app's socket over, and shows the credentials in its headers, if it brought them there. */
  async accept(ws: WebSocket, request: IncomingMessage): Promise<void> {
    if (this.#anonymous >= MAX_ANONYMOUS) {
      const { code, reason } = closeCodes.busy;
      ws.close(code, reason);
      return;
    }
    this.#anonymous++;
    const from = { address: request.socket.remoteAddress ?? "", host: header(request, "host") };
    const connection = new AppConnection(ws, from, this.#options, () => this.#anonymous--);
    const token = bearerToken(request);
    if (token !== undefined) {
      const userId = header(request, "x-user-id");
      const sessionId = header(request, "x-session-id");
      const { apps, tokenSecret } = this.#options;
      connection.authenticate(await verifyAppToken(apps, tokenSecret, { token, userId, sessionId }));
    }
  }
}

/** Where a connection came from, and under which name it found this server. */
interface Origin {
  readonly address: string;
  readonly host: string | undefined;
}

type AppConnectionState =
  | { readonly state: "anonymous"; readonly deadline: NodeJS.Timeout }
  | { readonly state: "refused"; readonly held: NodeJS.Timeout }
  | { readonly state: "authenticated"; readonly session: UserSession; readonly packageName: string }
  | { readonly state: "closed" };

/** One socket of an app: anonymous, then of one app and one user, or refused, then closed. */
class AppConnection {
  readonly #address: string;
  readonly #options: AppServiceOptions;
  readonly #socket: JsonSocket<AppToCloud, CloudToApp>;
  readonly #onKnown: () => void;
  /** The name under which the app found this server. */
  readonly #host: string | undefined;
  readonly #ws: WebSocket;
  #state: AppConnectionState;
  #badMessages = 0;

  /** `onKnown` is called once, when the socket is no longer anonymous. */
  constructor(ws: WebSocket, from: Origin, options: AppServiceOptions, onKnown: () => void) {
    this.#address = from.address;
    this.#options = options;
    this.#host = from.host;
    this.#onKnown = onKnown;
    this.#ws = ws;
    this.#socket = new JsonSocket(ws, {
      wire: "app",
      schema: AppToCloudSchema,
      typesOfOthers: appTypesOfOthers,
      ignoreBinary: false,
      metrics: options.metrics,
      log: options.log,
      onMessage: (message) => this.#receive(message),
      onBadMessage: () => this.#countBadMessage(),
      onClose: () => this.#closed(),
    });
    const expire = () => {
      this.#refuse(
        "authentication_timeout",
        "No credentials came in time.",
        closeCodes.authenticationTimeout,
      );
    };
    this.#state = { state: "anonymous", deadline: setTimeout(expire, AUTHENTICATION_MS) };
  }

  /** Makes the socket the app's in the session that it claims, or says why not and closes it. */
  authenticate(verdict: Verdict<AppClaim>): void {
    if (this.#state.state !== "anonymous") {
      return; // closed while its token was checked
    }
    if (!verdict.ok) {
      this.#refuseLater(verdict.code, verdict.message);
      return;
    }
    const session = this.#options.sessions.get(verdict.claim.userId);
    if (session?.hasStarted(verdict.claim.packageName)) {
      this.#enter(verdict.claim, session);
    } else {
      void this.#admit(verdict.claim);
    }
  }

  /** The user may have been at another node until now. Nothing is read before that is known. */
  async #admit(claim: AppClaim): Promise<void> {
    this.#ws.pause();
    const session = await this.#options.sessions.withApp(claim.userId, claim.packageName);
    this.#ws.resume();
    this.#enter(claim, session);
  }

  #enter({ packageName }: AppClaim, session: UserSession | undefined): void {
    if (this.#state.state !== "anonymous") {
      return; // closed meanwhile
    }
    if (session === undefined) {
      this.#refuse("not_started", `The user has not started ${packageName}.`);
      return;
    }
    this.#become({ state: "authenticated", session, packageName });
    session.attachApp(packageName, this.#socket, this.#host);
  }

  #receive(message: AppToCloud): void {
    switch (this.#state.state) {
      case "anonymous":
        this.#receiveAnonymous(message);
        break;
      case "authenticated":
        this.#receiveAuthenticated(this.#state, message);
        break;
      case "refused":
      case "closed":
        break;
    }
  }

  #receiveAnonymous(message: AppToCloud): void {
    if (message.type === "tpa_connection_init") {
      this.authenticate(verifyAppKey(this.#options.apps, message));
    } else {
      this.#socket.refuse("forbidden", "The first message must be tpa_connection_init.", "type");
    }
  }

  #receiveAuthenticated(
    { session, packageName }: Extract<AppConnectionState, { state: "authenticated" }>,
    message: AppMessage | AppConnectionInit,
  ): void {
    if (message.packageName !== packageName) {
      this.#socket.refuse("forbidden", "The packageName is not this connection's.", "packageName");
    } else if (
      (message.sessionId ?? session.appSessionId(packageName)) !== session.appSessionId(packageName)
    ) {
      this.#socket.refuse("forbidden", "The sessionId is not this connection's.", "sessionId");
    } else if (message.type === "tpa_connection_init") {
      this.#socket.refuse("forbidden", "This connection is authenticated already.", "type");
    } else {
      session.handleAppMessage(this.#socket, message);
    }
  }

  #countBadMessage(): void {
    this.#badMessages++;
    if (this.#state.state === "anonymous" && this.#badMessages >= MAX_BAD_MESSAGES_BEFORE_CREDENTIALS) {
      this.#refuse("authentication_timeout", "No credentials came.", closeCodes.authenticationTimeout);
    }
  }

  /** Wrong credentials: the more of them, the later the answer. */
  #refuseLater(code: string, message: string): void {
    const delayMs = this.#options.throttle.refused(this.#address);
    const held = setTimeout(() => this.#refuse(code, message), delayMs);
    this.#become({ state: "refused", held });
  }

  #refuse(code: string, message: string, closeCode: CloseCode = closeCodes.refused): void {
    this.#options.metrics.refusedConnections.inc({ wire: "app" });
    this.#options.log.info({ wire: "app", code }, "connection refused");
    this.#socket.send({ type: "tpa_connection_error", code, message, timestamp: new Date().toISOString() });
    this.#socket.close(closeCode);
    this.#become({ state: "closed" });
  }

  #closed(): void {
    if (this.#state.state === "authenticated") {
      this.#state.session.detachApp(this.#state.packageName, this.#socket);
    }
    this.#become({ state: "closed" });
  }

  /** The only way from one state to the next. */
  #become(next: AppConnectionState): void {
    const { state } = this.#state;
    if (this.#state.state === "anonymous") {
      clearTimeout(this.#state.deadline);
    }
    if (this.#state.state === "refused") {
      clearTimeout(this.#state.held);
    }
    // A refused socket that waits for its answer is a stranger's still.
    if ((state === "anonymous" && next.state !== "refused") || state === "refused") {
      this.#onKnown();
    }
    this.#state = next;
  }
}
