import { setImmediate } from "node:timers/promises";
import { BridgeClientError, type BridgeClosed, type ConnectOptions } from "@server-playback/bridge-client";
import type { AudioPlayRequest, BridgeCommand, BridgeEvent } from "@server-playback/protocol";
import { DurationCorrelation } from "../src/DurationCorrelation.js";
import type { JobObserver } from "../src/JobObserver.js";
import { LiveKitManager } from "../src/LiveKitManager.js";
import { Metrics } from "../src/metrics.js";
import { type BridgeConnection, SpeakerManager, type SpeakerSession } from "../src/SpeakerManager.js";
import type { SpeechPlayer } from "../src/SpeechPlayer.js";
import type { FinishedJob } from "../src/speaker-job.js";
import { app, type LogLine, liveKit, loggerInto, user } from "./fixtures.js";

/** A connection to a bridge whose events come in the order that a test chooses. */
export class ChosenConnection implements BridgeConnection {
  isOpen = true;
  lastSeq = 0;
  /** `sessionId` absent: a bridge without sessions, which is lost with its connection. */
  constructor(
    readonly sessionId: string | undefined,
    readonly resumed: boolean,
  ) {}

  readonly commands: BridgeCommand[] = [];
  /** Binary frames, and how many commands went out before each. */
  readonly pcm: { readonly pcm: Buffer; readonly after: number }[] = [];
  readonly #listeners = new Set<{ readonly name: string; readonly listener: (event: never) => void }>();

  on(name: string, listener: (event: never) => void): () => void {
    const entry = { name, listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  send(command: BridgeCommand): void {
    if (!this.isOpen) {
      throw new BridgeClientError("closed", "closed");
    }
    this.commands.push(command);
  }

  async sendPcm(pcm: Uint8Array): Promise<void> {
    if (!this.isOpen) {
      throw new BridgeClientError("closed", "closed");
    }
    this.pcm.push({ pcm: Buffer.from(pcm), after: this.commands.length });
  }

  /** Says an event, as long as there is a connection to say it on. */
  say(event: BridgeEvent): void {
    if (this.isOpen) {
      this.#emit(event.type, event);
      this.#emit("event", event);
    }
  }

  /** Ends the connection without this side's will; the news of it comes with {@link tellOfEnd}. */
  lose(): void {
    this.isOpen = false;
  }

  tellOfEnd(wanted = false): void {
    this.#emit("close", { wanted, code: 1006 } satisfies BridgeClosed);
  }

  async close(): Promise<void> {
    this.isOpen = false;
    this.tellOfEnd(true);
  }

  #emit(name: string, event: unknown): void {
    for (const entry of [...this.#listeners].filter((listened) => listened.name === name)) {
      (entry.listener as (event: unknown) => void)(event);
    }
  }
}

/** What a test decides of a session in primary mode. */
export interface PrimarySession {
  playEnded(job: FinishedJob): void;
  areGlassesInRoom(): Promise<boolean>;
}

/** A SpeakerManager in a world in which a test decides when a bridge answers and what it says. */
export class SpeakerWorld {
  readonly log: LogLine[] = [];
  readonly logger = loggerInto(this.log);
  readonly metrics = new Metrics();
  /** Identities of lost bridges that were taken out of the room. */
  readonly evicted: string[] = [];
  readonly connections: ChosenConnection[] = [];
  readonly speaker: SpeakerManager;
  /** Milliseconds since the epoch, as the manager sees it. */
  now = 1_000_000;
  /** Connection attempts that wait for the test's answer. */
  readonly attempts: { url: string; succeed: (knows?: boolean) => void; fail: () => void }[] = [];
  /** The id that the next session gets, if the bridge has sessions. */
  newSessionId: () => string | undefined = () => undefined;

  constructor(
    enable = true,
    bridgeUrl = "ws://bridge.example/ws",
    observer?: JobObserver,
    speech?: SpeechPlayer,
    primary: PrimarySession = { playEnded: () => {}, areGlassesInRoom: async () => true },
  ) {
    const log = this.logger;
    const manager = new LiveKitManager(liveKit);
    const session: SpeakerSession = {
      userId: user,
      log,
      metrics: this.metrics,
      correlation: new DurationCorrelation(log, this.metrics),
      liveKit: {
        roomName: (userId) => manager.roomName(userId),
        newBridgeIdentity: () => manager.newBridgeIdentity(),
        bridgeToken: (roomName, identity) => manager.bridgeToken(roomName, identity),
        areGlassesInRoom: primary.areGlassesInRoom,
        evict: async (_userId, identity) => void this.evicted.push(identity),
      },
      playEnded: primary.playEnded,
    };
    this.speaker = new SpeakerManager(session, {
      enable,
      bridgeUrl,
      observer,
      speech,
      listenerWaitMs: 0,
      now: () => this.now,
      connect: (url, options) => this.#attempt(url, options),
    });
  }

  /** The newest connection. */
  get connection(): ChosenConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) {
      throw new Error("No connection was made.");
    }
    return connection;
  }

  get commands(): BridgeCommand[] {
    return this.connections.flatMap((connection) => connection.commands);
  }

  /** Requests a play and answers the connection attempt that it makes, if it makes one. */
  async start(request: AudioPlayRequest): Promise<void> {
    const started = this.speaker.start(request);
    await setImmediate();
    this.attempts.shift()?.succeed();
    await started;
  }

  /** Lets everything happen that needs nothing from outside. Tokens are signed in a thread of their own. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      await setImmediate();
    }
  }

  /** How the play ended, each time that it was said. */
  ends(requestId: string): LogLine[] {
    return this.log.filter((line) => line.msg === "play ended" && line.requestId === requestId);
  }

  lines(msg: string): LogLine[] {
    return this.log.filter((line) => line.msg === msg);
  }

  /** The value of a metric that has no labels. */
  async count(name: string): Promise<number> {
    const metric = await this.metrics.registry.getSingleMetric(name)?.get();
    return metric?.values[0]?.value ?? Number.NaN;
  }

  #attempt(url: string, { signal, resume }: ConnectOptions): Promise<BridgeConnection> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new BridgeClientError("connect_failed", "No bridge."));
      const succeed = (knows = true) => {
        if (signal?.aborted !== true) {
          const isResumed = resume !== undefined && knows;
          const sessionId = isResumed ? resume.sessionId : this.newSessionId();
          const connection = new ChosenConnection(sessionId, isResumed);
          this.connections.push(connection);
          resolve(connection);
        }
      };
      this.attempts.push({ url, succeed, fail });
      signal?.addEventListener("abort", fail);
    });
  }
}

export function request(requestId: string, more: Partial<AudioPlayRequest> = {}): AudioPlayRequest {
  const audioUrl = "https://sounds.example/bell.mp3";
  return { type: "audio_play_request", requestId, packageName: app, audioUrl, ...more };
}

export function started(requestId: string): BridgeEvent {
  return {
    type: "play_started",
    requestId,
    firstFrameLatencyMs: 3,
    joinMs: 0,
    codec: "mp3",
    sampleRate: 44100,
    channels: 2,
  };
}

export function completed(requestId: string, durationMs = 2317): BridgeEvent {
  return { type: "play_complete", requestId, success: true, durationMs };
}
