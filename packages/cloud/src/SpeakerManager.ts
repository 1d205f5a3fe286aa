import { BridgeClient, BridgeClientError, type ConnectOptions } from "@server-playback/bridge-client";
import type {
  AudioPlayRequest,
  AudioStopRequest,
  BridgeCommand,
  BridgeEvent,
  BridgeEventOf,
} from "@server-playback/protocol";
import type { DurationCorrelation } from "./DurationCorrelation.js";
import type { LiveKitManager } from "./LiveKitManager.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import { RecentSet } from "./recent-set.js";
import {
  type ActiveJob,
  cancelledJob,
  type FinishedJob,
  failedJob,
  finishedJob,
  newJob,
  type SpeakerJob,
  streamingJob,
} from "./speaker-job.js";

/** How long server playback rests for a session after its bridge could not be reached, unless set. */
const BRIDGE_COOLDOWN_MS = 5 * 60_000;
/** Plays of one user at once; the room is no place for more, and memory stays bounded. */
const MAX_ACTIVE_JOBS = 32;
/** Finished plays that are still recognised when their request comes again. */
const REMEMBERED_PLAYS = 256;
/** URLs known to be no audio, which are not tried again. */
const REMEMBERED_URLS = 64;

/** What a SpeakerManager needs of a connection to a bridge. */
export type BridgeConnection = Pick<BridgeClient, "send" | "on" | "close" | "isOpen">;

/** What a SpeakerManager needs of the session that it plays for. */
export interface SpeakerSession {
  readonly userId: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly correlation: DurationCorrelation;
  readonly liveKit: Pick<LiveKitManager, "roomName" | "newBridgeIdentity" | "bridgeToken"> | undefined;
}

export interface SpeakerManagerOptions {
  enable: boolean;
  /** The bridge's socket, e.g. `ws://livekit-bridge:8080/ws`. */
  bridgeUrl: string;
  bridgeSecret?: string | undefined;
  cooldownMs?: number | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  connect?: (url: string, options: ConnectOptions) => Promise<BridgeConnection>;
}

/** An open connection, with the identity that its tokens carry. */
interface OpenLink {
  readonly state: "open";
  readonly client: BridgeConnection;
  readonly identity: string;
}

type Link =
  | { readonly state: "idle" }
  | { readonly state: "connecting"; readonly abort: AbortController }
  | OpenLink
  | { readonly state: "resting"; readonly until: number }
  | { readonly state: "disposed" };

/**
 * Plays one user's sounds in the user's room, through one connection to a bridge that the first
 * play opens. Beside the glasses' own playback and without a say in it: no call here throws or
 * rejects, whatever the bridge does.
 */
export class SpeakerManager {
  readonly #session: SpeakerSession;
  readonly #options: SpeakerManagerOptions;
  readonly #now: () => number;
  readonly #jobs = new Map<string, ActiveJob>();
  readonly #finished = new RecentSet<string>(REMEMBERED_PLAYS);
  readonly #notAudio = new RecentSet<string>(REMEMBERED_URLS);
  #link: Link = { state: "idle" };
  /** Commands go out in the order of the requests: each play waits for the one before it. */
  #lastPlay: Promise<void> = Promise.resolve();
  #disposal: Promise<void> | undefined;

  constructor(userSession: SpeakerSession, options: SpeakerManagerOptions) {
    this.#session = userSession;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Jobs that have not ended. */
  get jobs(): readonly SpeakerJob[] {
    return [...this.#jobs.values()];
  }

  /** Plays the request's sound in the room; resolves when the bridge was told, or the job has ended. */
  start(msg: AudioPlayRequest): Promise<void> {
    const refusal = this.#refusal(msg);
    if (refusal !== undefined) {
      this.#session.log.debug({ requestId: msg.requestId, refusal }, "not played in the room");
      return Promise.resolve();
    }
    this.#jobs.set(msg.requestId, newJob(msg, this.#now()));
    this.#session.metrics.playsStarted.inc();
    this.#log("info", msg.requestId, "play requested", { packageName: msg.packageName });
    this.#lastPlay = this.#lastPlay.then(() => this.#play(msg));
    return this.#lastPlay;
  }

  /** Stops the app's sounds, all or those of one layer. Those still on their way are never heard. */
  stop(msg: AudioStopRequest, reason = "user"): Promise<void> {
    for (const job of [...this.#jobs.values()]) {
      const named = msg.trackId === undefined || msg.trackId === job.trackId;
      if (named && job.packageName === msg.packageName) {
        this.#stopJob(job, reason);
      }
    }
    return Promise.resolve();
  }

  /** Takes what the bridge tells. Events of unknown or finished plays change nothing. */
  handleBridgeEvent(evt: BridgeEvent): void {
    switch (evt.type) {
      case "play_started":
        this.#started(evt);
        break;
      case "play_complete":
        this.#withJob(evt.requestId, (job) => this.#finish(finishedJob(job, evt)));
        break;
      case "error":
        this.#bridgeError(evt);
        break;
      case "token_needed":
        void this.#renewToken(evt.roomName);
        break;
      case "connected":
      case "room_joined":
      case "room_reconnecting":
      case "room_left":
      case "draining": {
        const { type, ...details } = evt;
        this.#session.log.info(details, type);
        break;
      }
      case "play_progress":
      case "play_paused":
      case "play_resumed":
      case "pong":
      case "stats":
        break;
    }
  }

  /** Ends every job and the connection. Calls after the first wait for the same end. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    const link = this.#link;
    this.#link = { state: "disposed" };
    for (const job of [...this.#jobs.values()]) {
      this.#finish(cancelledJob(job, "disposed"));
    }
    if (link.state === "connecting") {
      link.abort.abort();
    }
    if (link.state === "open") {
      trySend(link.client, { action: "stop_playback", reason: "disposed" });
      trySend(link.client, { action: "leave_room" });
      await link.client.close();
    }
    await this.#lastPlay;
  }

  #refusal(msg: AudioPlayRequest): string | undefined {
    if (!this.#options.enable || this.#session.liveKit === undefined) {
      return "off";
    }
    if (this.#link.state === "disposed" || this.#isResting()) {
      return this.#link.state;
    }
    if (this.#jobs.has(msg.requestId) || this.#finished.has(msg.requestId)) {
      return "the same play";
    }
    if (this.#notAudio.has(msg.audioUrl)) {
      return "known to be no audio";
    }
    return this.#jobs.size >= MAX_ACTIVE_JOBS ? "too many at once" : undefined;
  }

  #isResting(): boolean {
    return this.#link.state === "resting" && this.#now() < this.#link.until;
  }

  async #play(msg: AudioPlayRequest): Promise<void> {
    if (!this.#jobs.has(msg.requestId)) {
      return; // stopped before its turn
    }
    try {
      const link = await this.#open();
      const command = await this.#command(msg, link.identity);
      const job = this.#jobs.get(msg.requestId);
      if (job?.state !== "pending") {
        return; // stopped meanwhile: the bridge never hears of it
      }
      link.client.send(command);
      this.#jobs.set(msg.requestId, { ...job, commandSent: true });
    } catch (error) {
      this.#withJob(msg.requestId, (job) =>
        this.#finish(failedJob(job, "bridge_unavailable", describe(error))),
      );
    }
  }

  async #command(msg: AudioPlayRequest, identity: string): Promise<BridgeCommand> {
    const room = await this.#roomAccess(identity);
    return {
      action: "play_url",
      requestId: msg.requestId,
      url: msg.audioUrl,
      ...room,
      volume: msg.volume ?? 1,
      stopOther: msg.stopOtherAudio ?? true,
      trackId: msg.trackId ?? 0,
    };
  }

  /** A fresh token with each command: the bridge uses it if it has to join, at once or after a fault. */
  async #roomAccess(identity: string): Promise<{ roomName: string; token: string }> {
    const { liveKit, userId } = this.#session;
    if (liveKit === undefined) {
      throw new Error("LiveKit is not configured.");
    }
    const roomName = liveKit.roomName(userId);
    return { roomName, token: await liveKit.bridgeToken(roomName, identity) };
  }

  /** The open connection, made if there is none. Called by one play at a time. */
  async #open(): Promise<OpenLink> {
    if (this.#link.state === "open") {
      if (this.#link.client.isOpen) {
        return this.#link;
      }
      this.#lost(this.#link); // it is closing: its end is only yet to be told
    }
    const link = this.#link;
    if (link.state === "disposed" || this.#isResting()) {
      throw new Error(`Server playback is ${link.state}.`);
    }
    return await this.#connect();
  }

  async #connect(): Promise<OpenLink> {
    const { bridgeUrl, bridgeSecret, connect = BridgeClient.connect } = this.#options;
    const abort = new AbortController();
    this.#link = { state: "connecting", abort };
    try {
      const client = await connect(bridgeUrl, { secret: bridgeSecret, signal: abort.signal });
      if (abort.signal.aborted) {
        await client.close();
        throw new Error("Disposed while connecting.");
      }
      return this.#connected(client);
    } catch (error) {
      this.#connectFailed(abort, error);
      throw error;
    }
  }

  #connected(client: BridgeConnection): OpenLink {
    const identity = this.#session.liveKit?.newBridgeIdentity() ?? "";
    const link: OpenLink = { state: "open", client, identity };
    client.on("event", (event) => this.#take(event));
    client.on("close", ({ wanted }) => wanted || this.#lost(link));
    this.#link = link;
    this.#session.log.info({ identity }, "bridge connected");
    return link;
  }

  /** What fails here stays here: the glasses' playback shares this process. */
  #take(event: BridgeEvent): void {
    try {
      this.handleBridgeEvent(event);
    } catch (error) {
      this.#session.log.error({ type: event.type, error: describe(error) }, "a bridge event failed");
    }
  }

  #connectFailed(abort: AbortController, error: unknown): void {
    if (abort.signal.aborted) {
      return;
    }
    const cooldownMs = this.#options.cooldownMs ?? BRIDGE_COOLDOWN_MS;
    this.#link = { state: "resting", until: this.#now() + cooldownMs };
    this.#session.metrics.bridgeErrors.inc();
    this.#session.log.warn({ error: describe(error), cooldownMs }, "no bridge: server playback rests");
  }

  #lost(link: OpenLink): void {
    if (this.#link !== link) {
      return;
    }
    this.#link = { state: "idle" };
    this.#session.metrics.bridgeErrors.inc();
    this.#session.log.warn("the connection to the bridge was lost");
    for (const job of [...this.#jobs.values()]) {
      if (job.state === "streaming" || job.commandSent) {
        this.#finish(failedJob(job, "bridge_unavailable", "The connection to the bridge was lost."));
      }
    }
  }

  #stopJob(job: ActiveJob, reason: string): void {
    if (job.state === "pending" && !job.commandSent) {
      this.#finish(cancelledJob(job, reason));
    } else if (this.#link.state === "open") {
      trySend(this.#link.client, { action: "stop_playback", requestId: job.requestId, reason });
    }
  }

  #started(event: BridgeEventOf<"play_started">): void {
    this.#withJob(event.requestId, (job) => {
      if (job.state === "streaming") {
        return; // reported again
      }
      this.#jobs.set(job.requestId, streamingJob(job, event));
      this.#session.metrics.firstFrameLatency.observe(event.firstFrameLatencyMs);
      const { firstFrameLatencyMs, joinMs, codec, expectedDurationMs } = event;
      this.#log("info", job.requestId, "play started", {
        firstFrameLatencyMs,
        joinMs,
        codec,
        expectedDurationMs,
      });
    });
  }

  #bridgeError(event: BridgeEventOf<"error">): void {
    const { requestId, error, message, field } = event;
    this.#session.metrics.bridgeErrors.inc();
    this.#session.log.warn({ requestId, error, field, message }, "bridge error");
    if (requestId !== undefined) {
      // The bridge did not take the play_url, so there will be no play_complete.
      this.#withJob(requestId, (job) => {
        if (job.state === "pending") {
          this.#finish(failedJob(job, error, message));
        }
      });
    }
  }

  async #renewToken(roomName: string): Promise<void> {
    const link = this.#link;
    if (link.state !== "open") {
      return;
    }
    try {
      const access = await this.#roomAccess(link.identity);
      if (access.roomName === roomName) {
        trySend(link.client, { action: "join_room", ...access });
      }
    } catch (error) {
      this.#session.log.warn({ error: describe(error) }, "no fresh token");
    }
  }

  #withJob(requestId: string, act: (job: ActiveJob) => void): void {
    const job = this.#jobs.get(requestId);
    if (job !== undefined) {
      act(job);
    }
  }

  /** The only way out of {@link #jobs}: each job passes here once. */
  #finish(job: FinishedJob): void {
    this.#jobs.delete(job.requestId);
    this.#finished.add(job.requestId);
    this.#count(job);
    const { state, durationMs, requestId } = job;
    const elapsedMs = this.#now() - job.startedAt;
    if (job.state === "error") {
      const { error, message } = job;
      this.#log("warn", requestId, "play ended", { state, error, message, durationMs, elapsedMs });
    } else {
      const reason = job.state === "cancelled" ? job.reason : undefined;
      this.#log("info", requestId, "play ended", { state, reason, durationMs, elapsedMs });
    }
  }

  #count(job: FinishedJob): void {
    const { metrics, correlation } = this.#session;
    if (job.durationMs !== undefined) {
      if (job.durationMs > 0) {
        metrics.playDuration.observe(job.durationMs);
      }
      correlation.shadow(job.requestId, job.durationMs);
    }
    switch (job.state) {
      case "completed":
        metrics.playsCompleted.inc();
        break;
      case "cancelled":
        metrics.playsCancelled.inc();
        break;
      case "error":
        metrics.playsFailed.inc();
        if (job.error === "unsupported_format") {
          this.#notAudio.add(job.audioUrl);
        }
        break;
    }
  }

  #log(level: "info" | "warn", requestId: string, text: string, details: object): void {
    this.#session.log[level]({ requestId, ...details }, text);
  }
}

/** Sends what may be lost: if the connection is gone, its end has ended the jobs as well. */
function trySend(client: BridgeConnection, command: BridgeCommand): void {
  try {
    client.send(command);
  } catch (error) {
    if (!(error instanceof BridgeClientError)) {
      throw error;
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
