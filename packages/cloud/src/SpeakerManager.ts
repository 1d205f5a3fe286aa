import type {
  AudioPlayRequest,
  AudioStopRequest,
  BridgeCommand,
  BridgeEvent,
  BridgeEventOf,
} from "@server-playback/protocol";
import { BridgeLink, type ConnectBridge, describe, type OpenBridge, RECOVERY_MS } from "./BridgeLink.js";
import { type BridgeDirectory, bridgeUrls, StaticBridges } from "./bridge-directory.js";
import type { DurationCorrelation } from "./DurationCorrelation.js";
import type { JobNews, JobObserver } from "./JobObserver.js";
import type { LiveKitManager } from "./LiveKitManager.js";
import { NotOwnerError, type RoomOwnership } from "./lease/RoomOwnership.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import { MAX_PLAYS } from "./play-limits.js";
import { NotReady, RoomReadiness } from "./RoomReadiness.js";
import { RecentSet } from "./recent-set.js";
import { SpeechLine } from "./SpeechLine.js";
import type { SpeechPlay, SpeechPlayer } from "./SpeechPlayer.js";
import {
  type ActiveJob,
  cancelledJob,
  type FinishedJob,
  failedJob,
  finishedJob,
  heldJob,
  type JobErrorCode,
  newJob,
  type PlayOptions,
  type PositionEvent,
  playedJob,
  playedMs,
  positionMs,
  type SpeakerJob,
  stillJob,
  strandedJob,
  streamingJob,
  turnedAwayJob,
} from "./speaker-job.js";
import { asSpeechError } from "./speech/SpeechError.js";

/** Finished plays that are still recognised when their request comes again. */
const REMEMBERED_PLAYS = 256;
/** URLs known to be no audio, which are not tried again. */
const REMEMBERED_URLS = 64;
/** How often a sound goes on with another bridge: one that ends every bridge must end itself. */
const MAX_MOVES = 3;
/** How long the bridge may take to confirm a stop before its connection is ended instead, in ms. */
const STOP_ANSWER_MS = 500;

/** Steps of a job that say where in its sound it is. */
type PositionStep = "progress" | "paused" | "resumed" | "buffering" | "recovered";

type PlayStarted = BridgeEventOf<"play_started">;

export type { BridgeConnection } from "./BridgeLink.js";

/** What a SpeakerManager needs of the session that it plays for. */
export interface SpeakerSession {
  readonly userId: string;
  /** The user as a bridge's log may name them; absent means not at all. */
  readonly loggedAs?: string | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly correlation: DurationCorrelation;
  readonly liveKit:
    | Pick<LiveKitManager, "roomName" | "newBridgeIdentity" | "bridgeToken" | "areGlassesInRoom" | "evict">
    | undefined;
  /** The right to drive the user's room; absent where nobody else could. */
  readonly ownership?: Pick<RoomOwnership, "hold" | "fence"> | undefined;
  /** Told of every play once: how it ended, or why it was not begun. */
  playEnded?(job: FinishedJob): void;
}

export interface SpeakerManagerOptions {
  enable: boolean;
  /** The bridge's socket, e.g. `ws://livekit-bridge:8080/ws`; or several, with commas between them. */
  bridgeUrl: string;
  bridgeSecret?: string | undefined;
  cooldownMs?: number | undefined;
  /** Default: those that `bridgeUrl` lists. */
  bridges?: BridgeDirectory | undefined;
  /** Speaks texts; without it none is spoken in the room. */
  speech?: SpeechPlayer | undefined;
  observer?: JobObserver | undefined;
  listenerWaitMs?: number | undefined;
  roomTimeoutMs?: number | undefined;
  /** What the bridge's part of a play's trace belongs to. */
  traceparent?: ((userId: string, requestId: string) => string | undefined) | undefined;
  /** Milliseconds since the epoch. */
  now?: () => number;
  connect?: ConnectBridge;
}

/** What a command needs to bring a bridge into the room. */
interface RoomAccess {
  readonly roomName: string;
  readonly token: string;
  readonly fence?: number;
}

/** Why a play is not begun, for programs and for people. */
export interface Refusal {
  /** Absent where it is a play that is under way, and will have its answer. */
  readonly code?: JobErrorCode;
  readonly message: string;
}

/**
 * Plays one user's sounds in the user's room, through one connection to a bridge that the first play
 * opens. It keeps the jobs and the truth about them. No call here throws or rejects, whatever the
 * bridge does: the glasses' own playback shares this process.
 */
export class SpeakerManager {
  readonly #session: SpeakerSession;
  readonly #options: SpeakerManagerOptions;
  readonly #now: () => number;
  readonly #link: BridgeLink;
  readonly #room: RoomReadiness;
  readonly #jobs = new Map<string, ActiveJob>();
  readonly #finished = new RecentSet<string>(REMEMBERED_PLAYS);
  readonly #notAudio = new RecentSet<string>(REMEMBERED_URLS);
  /** Speech that is being made and sent. */
  readonly #speaking = new Map<string, { readonly abort: AbortController; readonly sent: Promise<void> }>();
  /** The connection carries the samples of one speech at a time: resolves when it is free. */
  #line: Promise<void> = Promise.resolve();
  /** Speech that is on the line or waits for it. */
  #onLine = 0;
  /** Commands go out in the order of the requests: each play waits for the one before it. */
  #lastPlay: Promise<void> = Promise.resolve();
  /** Speech that has ended here while its bridge could not be told. */
  readonly #owedStops = new Set<string>();
  #isDraining = false;
  #disposal: Promise<void> | undefined;

  constructor(userSession: SpeakerSession, options: SpeakerManagerOptions) {
    this.#session = userSession;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#link = this.#newLink();
    this.#room = new RoomReadiness({
      isListenerThere: async () => (await userSession.liveKit?.areGlassesInRoom(userSession.userId)) ?? false,
      listenerWaitMs: options.listenerWaitMs,
      roomTimeoutMs: options.roomTimeoutMs,
    });
  }

  /** Jobs that have not ended. */
  get jobs(): readonly SpeakerJob[] {
    return [...this.#jobs.values()];
  }

  /** How the connection to a bridge stands. */
  get bridge(): BridgeLink["state"] {
    return this.#link.state;
  }

  /** The job of this request, while it has not ended. */
  job(requestId: string): SpeakerJob | undefined {
    return this.#jobs.get(requestId);
  }

  /** Plays the request's sound in the room; resolves when the bridge was told, or the job has ended. */
  start(msg: AudioPlayRequest, options: PlayOptions = {}): Promise<void> {
    const job = newJob(msg, options, this.#now());
    const refusal = this.#refusal(job);
    if (refusal !== undefined) {
      const { code, message: why } = refusal;
      this.#session.log.debug({ requestId: msg.requestId, code, why }, "not played in the room");
      if (refusal.code !== undefined) {
        this.#session.playEnded?.(failedJob(job, refusal.code));
      }
      return Promise.resolve();
    }
    this.#session.metrics.playsStarted.inc();
    this.#log("info", msg.requestId, "play requested", { packageName: msg.packageName, mode: job.mode });
    this.#set(job);
    this.#news(msg.requestId, { step: "asked" });
    if (job.mode === "primary") {
      this.#room.watch(msg.requestId, () => this.#roomIsLate(msg.requestId));
    }
    return this.#begin(job);
  }

  /** Why {@link start} would not begin this play now. */
  refusal(msg: AudioPlayRequest, options: PlayOptions = {}): Refusal | undefined {
    return this.#refusal(newJob(msg, options, this.#now()));
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

  /** Stops every sound of every app. */
  stopAll(reason: string): void {
    for (const job of [...this.#jobs.values()]) {
      this.#stopJob(job, reason);
    }
  }

  // ---- an operator's controls: each says whether there was such a job to tell the bridge of ----------

  stopJob(requestId: string, reason = "operator"): boolean {
    const job = this.#jobs.get(requestId);
    if (job !== undefined) {
      this.#stopJob(job, reason);
    }
    return job !== undefined;
  }

  pause(requestId: string): boolean {
    return this.#control({ action: "pause_playback", requestId });
  }

  resume(requestId: string): boolean {
    return this.#control({ action: "resume_playback", requestId });
  }

  /** Goes on at this position in the sound, in ms. */
  seek(requestId: string, toMs: number): boolean {
    const isTold = this.#control({ action: "seek_playback", requestId, positionMs: toMs });
    this.#withJob(requestId, (job) => {
      if (isTold) {
        this.#set({ ...job, fromMs: toMs - playedMs(job, this.#now()) });
        this.#news(requestId, { step: "sought", positionMs: toMs });
      }
    });
    return isTold;
  }

  /** Linear, from 0 to 1; reached after `rampMs`. */
  setVolume(requestId: string, volume: number, rampMs?: number): boolean {
    const ramp = rampMs === undefined ? {} : { rampMs };
    const isTold = this.#control({ action: "set_volume", requestId, volume, ...ramp });
    this.#withJob(requestId, (job) => this.#set({ ...job, volume }));
    return isTold;
  }

  #control(command: BridgeCommand & { requestId: string }): boolean {
    return this.#jobs.get(command.requestId)?.commandSent === true && this.#link.send(command);
  }

  // ---- what the bridge tells --------------------------------------------------------------------------

  /** Takes what the bridge tells. Events of unknown or finished plays change nothing. */
  handleBridgeEvent(evt: BridgeEvent): void {
    this.#room.take(evt);
    switch (evt.type) {
      case "play_started":
        this.#started(evt);
        break;
      case "play_progress":
      case "play_seeked":
        this.#played(evt, "progress");
        break;
      case "play_paused":
        this.#played(evt, "paused");
        break;
      case "play_resumed":
        this.#played(evt, "resumed");
        break;
      case "play_buffering":
        this.#played(evt, "buffering");
        this.#withJob(evt.requestId, (job) => this.#set(stillJob(job)));
        break;
      case "play_recovered":
        this.#played(evt, "recovered", evt.silentMs);
        break;
      case "play_complete":
        this.#withJob(evt.requestId, (job) => this.#ended(job, evt));
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
        this.#logEvent(evt);
        break;
      case "draining":
        this.#logEvent(evt);
        this.#link.canMoveOn();
        this.#isDraining = true;
        this.#leaveIfIdle();
        break;
      case "play_volume":
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

  /**
   * Another node drives the room now, or soon may: ends every job and leaves the bridge, so that nothing
   * of this session is heard any more. It may play again later.
   */
  async letGo(reason: string): Promise<void> {
    for (const job of [...this.#jobs.values()]) {
      this.#finish(cancelledJob(job, reason));
    }
    this.#room.reset();
    await this.#link.leave();
  }

  async #dispose(): Promise<void> {
    for (const job of [...this.#jobs.values()]) {
      this.#finish(cancelledJob(job, "disposed"));
    }
    await this.#link.close([{ action: "stop_playback", reason: "disposed" }, { action: "leave_room" }]);
    await this.#lastPlay;
  }

  #newLink(): BridgeLink {
    const { bridgeUrl, bridges, bridgeSecret, cooldownMs, connect } = this.#options;
    const { liveKit, log, metrics, userId } = this.#session;
    const owner = {
      log,
      metrics,
      roomName: liveKit?.roomName(userId) ?? "",
      newIdentity: () => liveKit?.newBridgeIdentity() ?? "",
      fence: () => this.#fence,
      onEvent: (event: BridgeEvent) => this.handleBridgeEvent(event),
      onResumed: () => this.#bridgeResumed(),
      onLost: (identity: string) => {
        void liveKit?.evict(userId, identity);
        this.#bridgeLost();
      },
    };
    return new BridgeLink(owner, {
      bridges: bridges ?? new StaticBridges(bridgeUrls(bridgeUrl), this.#now),
      secret: bridgeSecret,
      cooldownMs,
      now: this.#now,
      connect,
    });
  }

  #refusal(job: ActiveJob): Refusal | undefined {
    const { requestId, source, packageName } = job;
    const jobs = [...this.#jobs.values()];
    const ofApp = jobs.filter((other) => other.packageName === packageName).length;
    if (!this.#options.enable || this.#session.liveKit === undefined) {
      return { code: "playback_off", message: "Playback in the room is turned off." };
    }
    if (this.#disposal !== undefined) {
      return { code: "draining", message: "The session is ending." };
    }
    if (this.#jobs.has(requestId)) {
      return { message: "This play is under way." };
    }
    if (this.#finished.has(requestId)) {
      return { code: "request_in_use", message: "A play with this requestId has ended: choose another." };
    }
    if (this.#link.isResting) {
      return {
        code: "bridge_unavailable",
        message: "No bridge was reached a short while ago: try again later.",
      };
    }
    if (source.kind === "url" && this.#notAudio.has(source.url)) {
      return { code: "unsupported_format", message: "This URL was found to bring no audio." };
    }
    if (source.kind === "speech" && this.#options.speech === undefined) {
      return { code: "playback_off", message: "Nobody speaks here: set up a voice." };
    }
    const isTooMuch = jobs.length >= MAX_PLAYS.user || ofApp >= MAX_PLAYS.app;
    return isTooMuch ? { code: "too_many_plays", message: "Too many sounds play at once." } : undefined;
  }

  // ---- a play's way to the bridge ---------------------------------------------------------------------

  #begin(job: ActiveJob, patienceMs = 0): Promise<void> {
    if (job.stopOther && job.moves === 0) {
      this.#replaceWaitingSpeech(job);
    }
    const play = () => this.#inOrder(() => this.#play(job.requestId, patienceMs));
    return job.source.kind === "speech" ? this.#takeLine(job, play) : play();
  }

  /** A speech that replaces the others goes out at once; one beside another waits until that is sent. */
  #takeLine({ requestId, stopOther, moves }: ActiveJob, play: () => Promise<void>): Promise<void> {
    const replaces = stopOther && moves === 0;
    const told = replaces || this.#onLine === 0 ? play() : this.#line.then(play);
    this.#onLine++;
    this.#line = told
      .then(() => this.#speaking.get(requestId)?.sent)
      .finally(() => {
        this.#onLine--;
      });
    return told;
  }

  /** What the bridge does for the plays that it knows, done for those that wait for the line. */
  #replaceWaitingSpeech({ requestId }: ActiveJob): void {
    for (const job of [...this.#jobs.values()]) {
      const waits = job.source.kind === "speech" && !job.commandSent && !job.stopOther;
      if (waits && job.requestId !== requestId) {
        this.#finish(cancelledJob(job, "replaced"));
      }
    }
  }

  #inOrder(act: () => Promise<void>): Promise<void> {
    this.#lastPlay = this.#lastPlay.then(act);
    return this.#lastPlay;
  }

  async #play(requestId: string, patienceMs = 0): Promise<void> {
    if (this.#jobs.get(requestId)?.commandSent !== false) {
      return; // stopped before its turn
    }
    try {
      await this.#session.ownership?.hold();
      const [bridge] = await Promise.all([this.#link.open(patienceMs), this.#listener(requestId)]);
      const room = await this.#roomAccess(bridge.identity);
      const job = this.#jobs.get(requestId);
      if (job?.commandSent !== false) {
        return; // stopped meanwhile: the bridge never hears of it
      }
      this.#tell(bridge, job, room);
      this.#set({ ...job, commandSent: true });
    } catch (error) {
      const code = codeOf(error);
      this.#withJob(requestId, (job) => this.#finish(failedJob(job, code, describe(error))));
    }
  }

  /** A primary play waits for ears; a shadow has those of the glasses, and what goes on had them. */
  async #listener(requestId: string): Promise<void> {
    const job = this.#jobs.get(requestId);
    if (job?.mode === "primary" && job.state === "pending") {
      await this.#room.listener(() => this.#jobs.has(requestId));
    }
  }

  /** The room took too long. What the bridge has is stopped first: whatever follows, it sounds once. */
  #roomIsLate(requestId: string): void {
    const job = this.#jobs.get(requestId);
    if (job?.state !== "pending") {
      return;
    }
    if (!job.commandSent) {
      this.#finish(failedJob(job, "room_timeout"));
    } else if (!this.#room.isJoined) {
      this.#set({ ...job, givenUp: "room_timeout" });
      this.#link.send({ action: "stop_playback", requestId, reason: "room_timeout" });
      this.#room.watch(requestId, () => this.#bridgeIsMute(requestId), STOP_ANSWER_MS);
    } // else the sound is slow, and its own limits apply
  }

  /** Not even a stop is confirmed: the connection is ended, and with it whatever the bridge had. */
  #bridgeIsMute(requestId: string): void {
    this.#withJob(requestId, (job) => {
      void this.#link.leave();
      this.#finish(failedJob(job, "room_timeout"));
      this.#bridgeLost();
    });
  }

  /** The bridge is full, and did not begin it. If nothing of this user's plays there, another may have room. */
  #turnedAway(job: ActiveJob): boolean {
    const others = [...this.#jobs.values()].filter(({ commandSent }) => commandSent).length - 1;
    if (others > 0 || job.moves >= MAX_MOVES || !this.#link.canMoveOn()) {
      return false;
    }
    this.#room.reset();
    this.#silence(job.requestId);
    const turnedAway = turnedAwayJob(job);
    this.#set(turnedAway);
    void this.#link.leave();
    void this.#begin(turnedAway, job.wasLost ? RECOVERY_MS : 0);
    return true;
  }

  #tell({ client }: OpenBridge, job: ActiveJob, room: RoomAccess): void {
    const { requestId, source, volume, trackId, loop } = job;
    // what goes on with another bridge has replaced the others long ago
    const stopOther = job.stopOther && job.moves === 0;
    if (stopOther) {
      this.#replaceStranded(requestId);
    }
    const traceparent = this.#options.traceparent?.(this.#session.userId, requestId);
    const trace = traceparent === undefined ? {} : { traceparent };
    const queue = job.queue ? { queue: true } : {};
    const { loggedAs: user } = this.#session;
    const whose = user === undefined ? {} : { user };
    const common = { requestId, ...room, volume, stopOther, trackId, ...queue, ...trace, ...whose };
    if (source.kind === "url") {
      const start = job.fromMs > 0 ? { startMs: job.fromMs } : {};
      const repeat = loop ? { loop } : {};
      client.send({ action: "play_url", url: source.url, ...common, ...start, ...repeat });
    } else {
      if (common.stopOther) {
        this.#hush(); // samples that are still on their way would be taken for this one's
      }
      const abort = new AbortController();
      const play = { speech: source, start: { action: "start_pcm" as const, ...common }, fromMs: job.fromMs };
      const reopen = async () => (await this.#link.open(RECOVERY_MS)).client;
      const line = new SpeechLine(client, reopen, abort.signal);
      const sent = this.#speak({ ...play, line, signal: abort.signal });
      this.#speaking.set(requestId, { abort, sent });
    }
    if (job.state === "streaming" && job.paused) {
      client.send({ action: "pause_playback", requestId, ...this.#fence });
    }
    if (job.stopping !== undefined) {
      client.send({ action: "stop_playback", requestId, reason: job.stopping, ...this.#fence });
    }
  }

  /** What waits to go on with this bridge is older than a play that is new to it, and is replaced by it. */
  #replaceStranded(requestId: string): void {
    for (const other of [...this.#jobs.values()]) {
      if (other.requestId !== requestId && other.moves > 0 && !other.commandSent) {
        this.#finish(cancelledJob(other, "replaced"));
      }
    }
  }

  async #speak(play: SpeechPlay): Promise<void> {
    const { start, signal } = play;
    try {
      const failure = await this.#options.speech?.play(play);
      if (failure !== undefined) {
        const shortfall = { error: failure.code, message: failure.message };
        this.#withJob(start.requestId, (job) => this.#set({ ...job, shortfall }));
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#notSpoken(start.requestId, error);
      }
    }
  }

  #notSpoken(requestId: string, error: unknown): void {
    const { code, message } = asSpeechError(error);
    this.#withJob(requestId, (job) => {
      const isTold = this.#link.send({ action: "stop_playback", requestId, reason: "speech_failed" });
      if (!isTold) {
        this.#owedStops.add(requestId);
      }
      this.#finish(failedJob({ ...job, wasLost: job.wasLost || !isTold }, code, message));
    });
  }

  /** Ends the making of every speech; what became of it the bridge tells. */
  #hush(): void {
    for (const { abort } of this.#speaking.values()) {
      abort.abort();
    }
  }

  /** A fresh token with each command: the bridge uses it if it has to join, at once or after a fault. */
  async #roomAccess(identity: string): Promise<RoomAccess> {
    const { liveKit, userId } = this.#session;
    if (liveKit === undefined) {
      throw new Error("LiveKit is not configured.");
    }
    const roomName = liveKit.roomName(userId);
    const fence = this.#fence;
    return { roomName, token: await liveKit.bridgeToken(roomName, identity, fence.fence), ...fence };
  }

  get #fence(): { fence?: number } {
    const fence = this.#session.ownership?.fence;
    return fence === undefined ? {} : { fence };
  }

  #stopJob(job: ActiveJob, reason: string): void {
    if (job.commandSent) {
      this.#set({ ...job, stopping: reason });
      this.#speaking.get(job.requestId)?.abort.abort();
      this.#link.send({ action: "stop_playback", requestId: job.requestId, reason });
    } else {
      this.#finish(cancelledJob(job, reason));
    }
  }

  /** What was sent while the connection was cut may be lost: it is said again, and does no harm twice. */
  #bridgeResumed(): void {
    for (const requestId of this.#owedStops) {
      this.#link.send({ action: "stop_playback", requestId, reason: "speech_failed" });
    }
    this.#owedStops.clear();
    for (const job of [...this.#jobs.values()].filter(({ commandSent }) => commandSent)) {
      if (job.state === "pending" && job.source.kind === "url") {
        this.#set({ ...job, commandSent: false }); // speech has a line that says again what was lost
        void this.#inOrder(() => this.#play(job.requestId));
      } else if (job.stopping !== undefined) {
        this.#stopJob(job, job.stopping);
      }
    }
  }

  /** What was with the bridge goes on with the next one, where it was. */
  #bridgeLost(): void {
    this.#owedStops.clear();
    this.#isDraining = false;
    this.#room.reset();
    for (const job of [...this.#jobs.values()].filter(({ commandSent }) => commandSent)) {
      this.#silence(job.requestId);
      if (job.stopping !== undefined) {
        this.#finish(cancelledJob(strandedJob(job, this.#now()), job.stopping));
        continue;
      }
      if (job.moves >= MAX_MOVES) {
        this.#finish(failedJob(job, "bridge_unavailable", "The connection to the bridge was lost again."));
        continue;
      }
      const stranded = strandedJob(job, this.#now());
      this.#set(stranded);
      void this.#begin(stranded, RECOVERY_MS);
    }
  }

  // ---- events -----------------------------------------------------------------------------------------

  #started(event: PlayStarted): void {
    this.#withJob(event.requestId, (job) => {
      if (job.state === "streaming" && job.lostAt === undefined) {
        return; // reported again
      }
      const { requestId, firstFrameLatencyMs, joinMs, codec, expectedDurationMs } = event;
      const now = this.#now();
      this.#set(streamingJob(job, event, now));
      this.#room.unwatch(requestId);
      if (job.state === "streaming") {
        this.#news(requestId, { step: "recovered", positionMs: job.fromMs, ...since(job.lostAt, now) });
        return;
      }
      this.#session.metrics.firstFrameLatency.observe(firstFrameLatencyMs);
      const details = { firstFrameLatencyMs, joinMs, codec, expectedDurationMs };
      this.#log("info", requestId, "play started", details);
      this.#began(event);
    });
  }

  /** What came before the first packet, as far as it took any time. */
  #began({ requestId, joinMs, fetchMs, decodeMs, firstFrameLatencyMs, codec }: PlayStarted): void {
    if (joinMs > 0) {
      this.#news(requestId, { step: "joined", tookMs: joinMs });
    }
    if (fetchMs !== undefined) {
      const note = decodeMs === undefined ? {} : { note: `decoding took ${decodeMs.toFixed(1)} ms` };
      this.#news(requestId, { step: "fetched", tookMs: fetchMs, ...note });
    }
    this.#news(requestId, { step: "started", tookMs: firstFrameLatencyMs, note: codec });
  }

  #played(evt: PositionEvent, step: PositionStep, silentMs?: number): void {
    this.#withJob(evt.requestId, (job) => {
      if (job.state !== "streaming" || !job.commandSent) {
        return;
      }
      const paused = step === "paused" || (step !== "resumed" && job.paused);
      const now = this.#now();
      const next = { ...playedJob(job, evt, now), paused };
      const isHeld = step === "paused" || step === "buffering";
      const goesOn = step === "resumed" ? { ...next, heldSince: undefined } : next;
      this.#set(isHeld ? heldJob(next, now) : goesOn);
      const took = step === "resumed" ? since(job.heldSince, now) : duration(silentMs);
      this.#news(evt.requestId, { step, positionMs: positionMs(next, now), ...took });
    });
  }

  #ended(job: ActiveJob, event: BridgeEventOf<"play_complete">): void {
    const isFull = !event.success && event.error === "at_capacity";
    if (!isFull || !this.#turnedAway(job)) {
      this.#finish(finishedJob(job, event));
    }
  }

  #logEvent({ type, ...details }: BridgeEvent): void {
    this.#session.log.info(details, type);
  }

  /** A bridge that is about to end is left as soon as nothing of this user's plays there. */
  #leaveIfIdle(): void {
    if (this.#isDraining && this.#jobs.size === 0) {
      this.#isDraining = false;
      this.#room.reset();
      void this.#link.leave();
    }
  }

  #bridgeError(event: BridgeEventOf<"error">): void {
    const { requestId, error, message, field } = event;
    this.#session.metrics.bridgeErrors.inc();
    this.#session.log.warn({ requestId, error, field, message }, "bridge error");
    if (requestId !== undefined) {
      // The bridge did not take the play_url, so there will be no play_complete.
      this.#withJob(requestId, (job) => {
        const isRefused = job.state === "pending";
        if (isRefused && !(error === "at_capacity" && this.#turnedAway(job))) {
          this.#finish(failedJob(job, error, message));
        }
      });
    }
  }

  async #renewToken(roomName: string): Promise<void> {
    const bridge = this.#link.current;
    if (bridge === undefined) {
      return;
    }
    try {
      const access = await this.#roomAccess(bridge.identity);
      if (access.roomName === roomName && this.#link.current === bridge) {
        this.#link.send({ action: "join_room", ...access });
      }
    } catch (error) {
      this.#session.log.warn({ error: describe(error) }, "no fresh token");
    }
  }

  // ---- jobs -------------------------------------------------------------------------------------------

  #withJob(requestId: string, act: (job: ActiveJob) => void): void {
    const job = this.#jobs.get(requestId);
    if (job !== undefined) {
      act(job);
    }
  }

  #set(job: ActiveJob): void {
    this.#jobs.set(job.requestId, job);
    this.#observe((observer) => observer.onJob(this.#session.userId, job));
  }

  /** The only way out of {@link #jobs}: each job passes here once. */
  #finish(job: FinishedJob): void {
    this.#jobs.delete(job.requestId);
    this.#finished.add(job.requestId);
    this.#silence(job.requestId);
    this.#room.unwatch(job.requestId);
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
    this.#news(requestId, { step: "ended" });
    this.#observe((observer) => observer.onJob(this.#session.userId, job));
    this.#session.playEnded?.(job);
    this.#leaveIfIdle();
  }

  #silence(requestId: string): void {
    this.#speaking.get(requestId)?.abort.abort();
    this.#speaking.delete(requestId);
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

  #news(requestId: string, news: JobNews): void {
    this.#observe((observer) => observer.onStep(this.#session.userId, requestId, news));
  }

  #observe(tell: (observer: JobObserver) => void): void {
    const { observer } = this.#options;
    try {
      if (observer !== undefined) {
        tell(observer);
      }
    } catch (error) {
      this.#session.log.error({ error: describe(error) }, "the observer of jobs failed");
    }
  }

  #log(level: "info" | "warn", requestId: string, text: string, details: object): void {
    this.#session.log[level]({ requestId, ...details }, text);
  }
}

/** How long ago this was, as far as it is known. */
function since(at: number | undefined, now: number): Pick<JobNews, "tookMs"> {
  return duration(at === undefined ? undefined : Math.max(0, now - at));
}

function duration(tookMs: number | undefined): Pick<JobNews, "tookMs"> {
  return tookMs === undefined ? {} : { tookMs };
}

function codeOf(error: unknown): JobErrorCode {
  if (error instanceof NotReady) {
    return error.code;
  }
  return error instanceof NotOwnerError ? "not_owner" : "bridge_unavailable";
}
