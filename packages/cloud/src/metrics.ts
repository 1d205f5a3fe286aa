import { PlayErrorCodeSchema, WebsocketErrorSchema } from "@server-playback/protocol";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

const durationBuckets = [250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000];
const latencyBuckets = [5, 10, 25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400];
/** Around nothing: the glasses may be longer or shorter than the room. */
const differenceBuckets = [-5_000, -1_000, -250, -100, -50, -20, 0, 20, 50, 100, 250, 1_000, 5_000];
const ratioBuckets = [0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.25, 2, 10];

const wires = ["app", "glasses", "live"] as const;

/** Which wire a message or a connection belongs to. */
export type Wire = (typeof wires)[number];

/** What one cloud counts. Each has a registry of its own, so that several can run in a process. */
export class Metrics {
  readonly registry = new Registry();

  /** started = completed + failed + cancelled + those that still run. */
  readonly playsStarted = this.#counter("server_playback_started_total", "Plays handed to server playback.");
  readonly playsCompleted = this.#counter(
    "server_playback_completed_total",
    "Plays that were heard to the end.",
  );
  readonly playsFailed = this.#counter("server_playback_failed_total", "Plays that ended in an error.");
  readonly playsCancelled = this.#counter(
    "server_playback_cancelled_total",
    "Plays that were stopped or replaced.",
  );
  readonly playDuration = this.#histogram(
    "server_playback_duration_ms",
    "Media time that was played out, of plays that were heard.",
    durationBuckets,
  );
  readonly firstFrameLatency = this.#histogram(
    "server_playback_first_frame_latency_ms",
    "From the play command's arrival at the bridge to its first packet.",
    latencyBuckets,
  );
  readonly bridgeErrors = this.#counter(
    "server_playback_bridge_error_total",
    "Error events of the bridge, and connections to it that failed or were lost.",
  );

  readonly speeches = new Counter({
    name: "cloud_speeches_total",
    help: "Texts to speak, by where the speech came from: made, shared, cached; or failed.",
    labelNames: ["outcome"] as const,
    registers: [this.registry],
  });
  readonly speechLatency = this.#histogram(
    "cloud_speech_first_sound_ms",
    "From a text to the first sound of its speech, before it goes anywhere.",
    latencyBuckets,
  );
  readonly fallbacks = new Counter({
    name: "server_playback_fallback_total",
    help: "Primary plays that the room could not play, so that the glasses did.",
    labelNames: ["why"] as const,
    registers: [this.registry],
  });
  readonly refusedPlays = new Counter({
    name: "server_playback_refused_total",
    help: "Plays that were refused before they began.",
    labelNames: ["code"] as const,
    registers: [this.registry],
  });
  readonly failuresByCode = new Counter({
    name: "cloud_plays_failed_by_code_total",
    help: "Plays that ended in an error, by its code.",
    labelNames: ["code"] as const,
    registers: [this.registry],
  });
  readonly activeJobs = new Gauge({
    name: "cloud_active_jobs",
    help: "Plays that have not ended.",
    registers: [this.registry],
  });
  readonly durationDifference = this.#histogram(
    "cloud_duration_difference_ms",
    "device_duration_ms minus shadow_duration_ms, of plays of which both are known.",
    differenceBuckets,
  );
  readonly durationRatio = this.#histogram(
    "cloud_duration_ratio",
    "device_duration_ms by shadow_duration_ms, of plays of which both are known.",
    ratioBuckets,
  );
  readonly recoveries = this.#counter(
    "cloud_recoveries_total",
    "Interrupted sounds that went on, by another bridge or after a lost room.",
  );
  readonly recoveryTime = this.#histogram(
    "cloud_recovery_ms",
    "From a sound's interruption to its going on.",
    latencyBuckets,
  );
  readonly liveReaders = new Gauge({
    name: "cloud_live_readers",
    help: "Operators connected to /api/live.",
    registers: [this.registry],
  });
  readonly liveCutOff = this.#counter(
    "cloud_live_readers_cut_off_total",
    "Operators' connections that were cut off because they did not read.",
  );

  readonly badMessages = new Counter({
    name: "cloud_bad_messages_total",
    help: "Messages that could not be taken and were answered with an error.",
    labelNames: ["wire", "code"] as const,
    registers: [this.registry],
  });
  readonly ignoredMessages = new Counter({
    name: "cloud_ignored_messages_total",
    help: "Messages for other parts of the platform.",
    labelNames: ["wire"] as const,
    registers: [this.registry],
  });
  readonly refusedConnections = new Counter({
    name: "cloud_refused_connections_total",
    help: "Connections whose credentials were refused or never came.",
    labelNames: ["wire"] as const,
    registers: [this.registry],
  });
  readonly sessions = new Gauge({
    name: "cloud_sessions",
    help: "Users with a session.",
    registers: [this.registry],
  });

  /** Every code is there from the start, at 0: a rate needs a value before the first failure. */
  constructor() {
    for (const code of PlayErrorCodeSchema.options) {
      this.failuresByCode.inc({ code }, 0);
    }
    for (const outcome of ["made", "shared", "cached", "failed"]) {
      this.speeches.inc({ outcome }, 0);
    }
    for (const wire of wires) {
      this.ignoredMessages.inc({ wire }, 0);
      this.refusedConnections.inc({ wire }, 0);
      for (const code of WebsocketErrorSchema.shape.code.options) {
        this.badMessages.inc({ wire, code }, 0);
      }
    }
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}
