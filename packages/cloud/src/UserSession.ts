import { randomUUID } from "node:crypto";
import type {
  AppToCloud,
  AudioPlayRequest,
  AudioPlayResponse,
  CloudToApp,
  CloudToGlasses,
  GlassesToCloud,
  LiveKitAccess,
  SessionSummary,
  WebhookRequest,
} from "@server-playback/protocol";
import { AppConnections, type AppSocket } from "./AppConnections.js";
import { AudioRouter } from "./AudioRouter.js";
import type { App, Apps } from "./apps.js";
import { type CloseCode, closeCodes } from "./close-codes.js";
import { DurationCorrelation } from "./DurationCorrelation.js";
import type { JobNews } from "./JobObserver.js";
import type { MessageSocket } from "./JsonSocket.js";
import type { LiveKitManager } from "./LiveKitManager.js";
import type { Leases, LossReason } from "./lease/Lease.js";
import { RoomOwnership } from "./lease/RoomOwnership.js";
import type { SessionRecord, SessionRecords } from "./lease/SessionRecord.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import { Playback } from "./Playback.js";
import type { PlaybackFlags } from "./playback-flags.js";
import { SpeakerManager, type SpeakerManagerOptions, type SpeakerSession } from "./SpeakerManager.js";
import type { FinishedJob, JobSource } from "./speaker-job.js";
import { isOwnSpeechUrl, speechOf } from "./speech-url.js";
import { userPath } from "./user-path.js";
import { postWebhook, WebhookError } from "./webhook.js";

/** How long an app may take to answer its webhook, in ms, unless it connects before. */
const START_TIMEOUT_MS = 10_000;
/** How long a stopped app may take to take note of it, in ms. */
const STOP_TIMEOUT_MS = 5_000;
/** No position is further on than this, in ms: what glasses say is strangers' data. */
const MAX_POSITION_MS = 24 * 3600 * 1000;

export type GlassesSocket = MessageSocket<CloudToGlasses>;

/** What all sessions share. */
export interface SessionContext {
  readonly apps: Apps;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly liveKit: LiveKitManager | undefined;
  readonly speaker: SpeakerManagerOptions;
  readonly flags: Pick<PlaybackFlags, "modeFor">;
  /** How long glasses or an app may stay away before they are given up, in ms. */
  readonly graceMs: number;
  /** The server's http(s) URL as apps reach it. */
  readonly publicUrl: string;
  /** Lets the glasses, which have no credentials for it, fetch a URL of this server's own speech. */
  readonly signSpeechUrl?: ((url: string) => string) | undefined;
  /** Whether a proxy has to keep the user's apps at the node of the user's glasses. */
  readonly hasOtherNodes: boolean;
  /** Called when an app has connected: it may speak soon. */
  readonly prepareSpeech?: (() => void) | undefined;
  readonly observer?: SessionObserver | undefined;
  /** A user as the log may name it. Default: as it is. */
  readonly logUser?: ((userId: string) => string) | undefined;
  /** Who owns which user, among all nodes. */
  readonly leases: Leases;
  readonly records: SessionRecords;
}

/** Port: follows the users' sessions. */
export interface SessionObserver {
  /** A session is new, or its {@link UserSession.summary} has changed. */
  onSession(session: UserSession): void;
  onSessionEnded(userId: string): void;
}

type GlassesLink =
  | { readonly state: "away"; readonly grace: NodeJS.Timeout }
  | { readonly state: "connected"; readonly socket: GlassesSocket; readonly wantsRoom: boolean }
  | { readonly state: "ended" };

/** Why a session ends: its user stayed away, or came to another node; or the server goes and will be back. */
export type SessionEnd = "expired" | "moved" | "restarting";

const glassesCloseCodes: Record<SessionEnd, CloseCode> = {
  expired: closeCodes.sessionEnded,
  moved: closeCodes.replaced,
  restarting: closeCodes.restarting,
};

/** What an app says once it is connected. */
export type AppMessage = Exclude<AppToCloud, { type: "tpa_connection_init" }>;

/** How {@link UserSession.startApp} ended. */
export type StartResult = "started" | "running";

/**
 * One user: the glasses, the apps that the user has started, and the sounds between them. It begins
 * with the glasses' connection or the start of an app, and ends when the glasses were away for the
 * grace time. It owns its apps' links and its SpeakerManager.
 */
export class UserSession implements SpeakerSession {
  readonly sessionId = randomUUID();
  readonly startedAt = new Date();
  readonly loggedAs: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly liveKit: LiveKitManager | undefined;
  readonly correlation: DurationCorrelation;
  /** The user's sounds in the room. */
  readonly speaker: SpeakerManager;
  readonly ownership: RoomOwnership;
  readonly #context: SessionContext;
  readonly #onEnd: (end: Promise<void>) => void;
  readonly #apps: AppConnections;
  readonly #router: AudioRouter;
  /** The host under which each app knows this server. */
  readonly #appHosts = new Map<string, string>();
  readonly #playback: Playback;
  readonly #starts = new Map<string, Promise<StartResult>>();
  readonly #over = new AbortController();
  #glasses: GlassesLink;
  #end: Promise<void> | undefined;

  constructor(
    readonly userId: string,
    context: SessionContext,
    onEnd: (end: Promise<void>) => void,
  ) {
    this.#context = context;
    this.#onEnd = onEnd;
    this.metrics = context.metrics;
    this.liveKit = context.liveKit;
    this.loggedAs = context.logUser?.(userId) ?? userId;
    this.log = context.log.child({
      user: this.loggedAs,
      room: context.liveKit?.roomName(userId),
    });
    this.correlation = new DurationCorrelation(this.log, this.metrics);
    this.ownership = new RoomOwnership(context.leases, userId, this.log, (why) => this.#roomLost(why));
    this.speaker = new SpeakerManager(this, context.speaker);
    this.#apps = new AppConnections(context.graceMs, (packageName) => this.#appGone(packageName));
    this.#router = new AudioRouter({
      sessionId: this.sessionId,
      log: this.log,
      correlation: this.correlation,
      sendToGlasses: (message) => this.#sendToGlasses(message),
      sendToApp: (packageName, message) => this.#playback.routed(packageName, message),
      onAsked: (requestId, packageName) => context.records.asked(userId, requestId, packageName),
      onAnswered: (requestId) => context.records.answered(userId, requestId),
    });
    this.#playback = new Playback({
      log: this.log,
      metrics: this.metrics,
      router: this.#router,
      speaker: this.speaker,
      hasGlasses: () => this.#glasses.state === "connected",
      modeFor: (packageName) => context.flags.modeFor(userId, packageName),
      sourceOf: (request) => this.#sourceOf(request),
      forGlasses: (request) => this.#forGlasses(request),
      sendToApp: (packageName, message) => this.#respondToApp(packageName, message),
      fellBack: (requestId, why) => this.#step(requestId, { step: "fell_back", note: why }),
    });
    this.#glasses = this.#glassesAway();
  }

  /** The session as operators see it. */
  get summary(): SessionSummary {
    return {
      userId: this.userId,
      sessionId: this.sessionId,
      startedAt: this.startedAt.getTime(),
      glasses: this.#glasses.state === "connected" ? "connected" : "away",
      roomName: this.liveKit?.roomName(this.userId),
      apps: this.#apps.packageNames.map((packageName) => ({
        packageName,
        connected: this.#apps.isConnected(packageName),
      })),
      bridge: this.speaker.bridge,
      activeJobs: this.speaker.jobs.length,
    };
  }

  /** The server's http(s) URL as this user's apps reach it. */
  get #publicUrl(): string {
    const { publicUrl, hasOtherNodes } = this.#context;
    return hasOtherNodes ? publicUrl + userPath(this.userId) : publicUrl;
  }

  get isEnded(): boolean {
    return this.#glasses.state === "ended";
  }

  // ---- glasses ----------------------------------------------------------------------------------------

  /** Makes the socket the user's glasses, greeting first; an older one is closed. */
  async attachGlasses(socket: GlassesSocket, wantsRoom: boolean): Promise<void> {
    const livekit = wantsRoom ? await this.#roomAccess() : undefined;
    const link = this.#glasses;
    if (link.state === "ended") {
      socket.close(closeCodes.restarting);
      return;
    }
    this.#glasses = { state: "connected", socket, wantsRoom };
    this.log.info({ wantsRoom }, "glasses connected");
    this.ownership.claim();
    this.#changed();
    this.#acknowledge(socket, livekit);
    if (link.state === "away") {
      clearTimeout(link.grace);
    } else {
      link.socket.close(closeCodes.replaced);
    }
  }

  /** The socket is gone; if it was the current one, the glasses have the grace time to come back. */
  detachGlasses(socket: GlassesSocket): void {
    if (this.#glasses.state === "connected" && this.#glasses.socket === socket) {
      this.#glasses = this.#glassesAway();
      this.log.info("glasses away");
      this.#changed();
    }
  }

  async handleGlassesMessage(socket: GlassesSocket, message: GlassesToCloud): Promise<void> {
    if (this.#glasses.state !== "connected" || this.#glasses.socket !== socket) {
      return; // the last words of a replaced connection
    }
    switch (message.type) {
      case "connection_init":
        this.#acknowledge(socket, this.#glasses.wantsRoom ? await this.#roomAccess() : undefined);
        break;
      case "livekit_init":
        await this.#sendRoom(socket);
        break;
      case "audio_play_response":
        this.#step(message.requestId, { step: "glasses_answered", ...played(message) });
        this.#router.respond(message);
        break;
    }
  }

  // ---- other nodes ------------------------------------------------------------------------------------

  /** Goes on where another node's session of this user has ended. */
  adopt(record: SessionRecord): void {
    const { apps, unanswered } = record;
    this.#context.records.keep(this.userId, record);
    this.#router.adopt(unanswered);
    for (const packageName of apps) {
      if (!this.hasStarted(packageName)) {
        void this.#apps.expect(packageName);
      }
    }
  }

  /** Lets go without a sound: whoever drives the room next is heard alone. */
  #roomLost(why: LossReason): void {
    if (why === "unreachable") {
      void this.#pauseOwnership();
    } else {
      void this.end("moved");
    }
  }

  async #pauseOwnership(): Promise<void> {
    await this.speaker.letGo("ownership_lost");
    await this.ownership.release();
    if (!this.isEnded) {
      this.ownership.claim();
    }
  }

  // ---- apps -------------------------------------------------------------------------------------------

  /** The id by which an app's messages name this session. */
  appSessionId(packageName: string): string {
    return `${this.userId}-${packageName}`;
  }

  /** Whether the user has started this app, so that its socket may come in. */
  hasStarted(packageName: string): boolean {
    return this.#apps.isStarted(packageName);
  }

  /**
   * Starts an app by its webhook and lets it in. Done when the app has connected or has accepted the
   * webhook, whichever is first: an app may answer only after its whole `onSession`.
   * @throws {WebhookError} the app could not be started
   */
  startApp(app: App): Promise<StartResult> {
    if (this.isEnded) {
      return Promise.reject(new WebhookError("The session is over."));
    }
    if (this.#apps.isConnected(app.packageName)) {
      return Promise.resolve("running");
    }
    const start = this.#starts.get(app.packageName) ?? this.#startApp(app);
    this.#starts.set(app.packageName, start);
    this.#context.records.started(this.userId, app.packageName);
    return start;
  }

  /** Stops an app: its sounds, its session here, and by its webhook the app itself. */
  async stopApp(app: App): Promise<void> {
    const { packageName } = app;
    this.#silence(packageName);
    try {
      await this.#callWebhook(app, "stop_request", STOP_TIMEOUT_MS);
    } finally {
      this.#removeApp(packageName, "user_disabled", closeCodes.appStopped);
    }
  }

  /** Makes the socket the app's; an older one is closed. */
  attachApp(packageName: string, socket: AppSocket, host?: string): void {
    if (host !== undefined) {
      this.#appHosts.set(packageName, host);
    }
    this.#context.prepareSpeech?.();
    this.log.info({ packageName }, "app connected");
    this.#apps.attach(packageName, socket, {
      type: "tpa_connection_ack",
      sessionId: this.appSessionId(packageName),
      settings: [],
      mentraosSettings: {},
      timestamp: new Date().toISOString(),
    });
    this.#changed();
  }

  /** The socket is gone; if it was the app's current one, the app has the grace time to come back. */
  detachApp(packageName: string, socket: AppSocket): void {
    if (this.#apps.isCurrent(packageName, socket)) {
      this.#apps.detach(packageName);
      this.log.info({ packageName }, "app away");
      this.#changed();
    }
  }

  /** Takes a message that was found to be this app's. */
  handleAppMessage(socket: AppSocket, message: AppMessage): void {
    if (!this.#apps.isCurrent(message.packageName, socket)) {
      return; // the last words of a replaced connection
    }
    switch (message.type) {
      case "audio_play_request":
        this.#playback.play(message);
        break;
      case "audio_stop_request":
        this.#playback.stop(message);
        break;
      case "ownership_release":
        this.#release(message.packageName);
        break;
      case "subscription_update":
        break; // accepted: there are no sensor streams to send
    }
  }

  /** Takes how a play ended in the room. */
  playEnded(job: FinishedJob): void {
    this.#playback.ended(job);
  }

  /** Takes no new plays; resolves when those that sound have ended, or the signal fires. */
  drain(signal: AbortSignal): Promise<void> {
    return this.#playback.drain(signal);
  }

  // ---- the end ----------------------------------------------------------------------------------------

  /** Ends the session and everything that it owns. Calls after the first wait for the same end. */
  end(why: SessionEnd): Promise<void> {
    if (this.#end === undefined) {
      this.#end = this.#endOnce(why);
      this.#onEnd(this.#end);
    }
    return this.#end;
  }

  async #endOnce(why: SessionEnd): Promise<void> {
    const link = this.#glasses;
    this.#glasses = { state: "ended" };
    this.log.info({ why }, "session ended");
    this.#over.abort();
    if (link.state === "away") {
      clearTimeout(link.grace);
    }
    if (link.state === "connected") {
      link.socket.close(glassesCloseCodes[why]);
    }
    const silent = this.speaker.dispose(); // the apps hear of its end before they lose their sockets
    const told = this.#apps.packageNames.map((packageName) => this.#endApp(packageName, why));
    await Promise.all([...told, silent]);
    await this.ownership.close(); // not before nothing of this session is heard any more
    if (why === "expired") {
      this.#context.records.forget(this.userId);
    } else {
      this.#context.records.leave(this.userId);
    }
  }

  async #endApp(packageName: string, why: SessionEnd): Promise<void> {
    if (why !== "expired") {
      this.#apps.remove(packageName, closeCodes.restarting); // it comes back, to wherever its user is
      return;
    }
    const app = this.#context.apps.get(packageName);
    const wasConnected = this.#apps.isConnected(packageName);
    this.#removeApp(packageName, "system_stop", closeCodes.sessionEnded);
    if (app !== undefined && !wasConnected) {
      await this.#callWebhook(app, "stop_request", STOP_TIMEOUT_MS).catch((error: WebhookError) =>
        this.log.info({ packageName, error: error.message }, "an app was not told of the end"),
      );
    }
  }

  #glassesAway(): GlassesLink {
    const expire = () => {
      void this.end("expired");
    };
    return { state: "away", grace: setTimeout(expire, this.#context.graceMs) };
  }

  // ---- messages ---------------------------------------------------------------------------------------

  #acknowledge(socket: GlassesSocket, livekit: LiveKitAccess | undefined): void {
    socket.send({
      type: "connection_ack",
      sessionId: this.sessionId,
      userSession: { userId: this.userId, startTime: this.startedAt.toISOString() },
      ...(livekit === undefined ? {} : { livekit }),
      timestamp: new Date().toISOString(),
    });
  }

  async #sendRoom(socket: GlassesSocket): Promise<void> {
    const access = await this.#roomAccess();
    const timestamp = new Date().toISOString();
    socket.send(
      access === undefined
        ? { type: "connection_error", code: "no_room", message: "There is no room to listen in.", timestamp }
        : { type: "livekit_info", ...access, timestamp },
    );
  }

  async #roomAccess(): Promise<LiveKitAccess | undefined> {
    try {
      return await this.liveKit?.glassesAccess(this.userId);
    } catch (error) {
      this.log.error({ error: String(error) }, "no token for the room");
      return undefined;
    }
  }

  #sendToGlasses(message: CloudToGlasses): boolean {
    if (this.#glasses.state !== "connected" || !this.#glasses.socket.isOpen) {
      return false;
    }
    this.#glasses.socket.send(message);
    return true;
  }

  #respondToApp(packageName: string, response: AudioPlayResponse): void {
    this.#apps.send(packageName, {
      ...response,
      sessionId: this.appSessionId(packageName),
      timestamp: new Date().toISOString(),
    });
  }

  /** This server's own speech is not fetched: the text goes to the one who speaks. */
  #sourceOf(request: AudioPlayRequest): JobSource {
    const { audioUrl } = request;
    const speech = this.#isOwnSpeech(request) ? speechOf(audioUrl) : undefined;
    return speech === undefined ? { kind: "url", url: audioUrl } : { kind: "speech", ...speech };
  }

  #isOwnSpeech({ audioUrl, packageName }: AudioPlayRequest): boolean {
    return isOwnSpeechUrl(audioUrl, this.#context.publicUrl, this.#appHosts.get(packageName));
  }

  #forGlasses(request: AudioPlayRequest): AudioPlayRequest {
    const { signSpeechUrl } = this.#context;
    return signSpeechUrl !== undefined && this.#isOwnSpeech(request)
      ? { ...request, audioUrl: signSpeechUrl(request.audioUrl) }
      : request;
  }

  #silence(packageName: string): void {
    this.#playback.stop({ type: "audio_stop_request", packageName }, "app_stopped");
  }

  // ---- the apps' comings and goings -------------------------------------------------------------------

  async #startApp(app: App): Promise<StartResult> {
    const { packageName } = app;
    const connected = this.#apps.expect(packageName);
    const accepted = this.#callWebhook(app, "session_request", START_TIMEOUT_MS);
    accepted.catch(() => {}); // an app that has connected is started, whatever its webhook says later
    try {
      await Promise.race([connected, accepted]);
      if (this.isEnded) {
        throw new WebhookError("The session is over.");
      }
      return "started";
    } catch (error) {
      this.#context.records.stopped(this.userId, packageName);
      this.#apps.remove(packageName, closeCodes.appStopped);
      throw error;
    } finally {
      this.#starts.delete(packageName);
    }
  }

  #callWebhook(app: App, type: WebhookRequest["type"], timeoutMs: number): Promise<void> {
    const base = {
      sessionId: this.appSessionId(app.packageName),
      userId: this.userId,
      timestamp: new Date().toISOString(),
    };
    return type === "session_request"
      ? postWebhook(
          app.webhookUrl,
          { type, ...base, mentraOSWebsocketUrl: `${this.#publicUrl.replace(/^http/, "ws")}/app-ws` },
          timeoutMs,
          this.#over.signal,
        )
      : postWebhook(
          app.webhookUrl,
          { type, ...base, reason: this.isEnded ? "system_stop" : "user_disabled" },
          timeoutMs,
        );
  }

  /** The app stayed away for the grace time. */
  #appGone(packageName: string): void {
    this.log.info({ packageName }, "app gone");
    this.#release(packageName);
  }

  /** The app itself is gone, or has said goodbye: its sounds end, and nothing is kept. */
  #release(packageName: string): void {
    this.#silence(packageName);
    this.#playback.forget(packageName);
    this.#appHosts.delete(packageName);
    this.#context.records.stopped(this.userId, packageName);
    this.#apps.remove(packageName, closeCodes.appStopped);
    this.#changed();
  }

  #removeApp(packageName: string, reason: "user_disabled" | "system_stop", code: CloseCode): void {
    this.#playback.forget(packageName);
    this.#appHosts.delete(packageName);
    const farewell: CloudToApp = {
      type: "app_stopped",
      sessionId: this.appSessionId(packageName),
      reason,
      timestamp: new Date().toISOString(),
    };
    this.#context.records.stopped(this.userId, packageName);
    this.#apps.remove(packageName, code, farewell);
    this.#changed();
  }

  #step(requestId: string, news: JobNews): void {
    try {
      this.#context.speaker.observer?.onStep(this.userId, requestId, news);
    } catch (error) {
      this.log.error({ error: String(error) }, "the observer of jobs failed");
    }
  }

  #changed(): void {
    if (!this.isEnded) {
      this.#context.observer?.onSession(this);
    }
  }
}

/** How much of a sound the glasses say they played. */
function played({ success, duration, error }: AudioPlayResponse): Pick<JobNews, "positionMs" | "note"> {
  const position = duration === undefined ? {} : { positionMs: Math.min(duration * 1000, MAX_POSITION_MS) };
  return success ? position : { ...position, note: (error ?? "failed").slice(0, 256) };
}
