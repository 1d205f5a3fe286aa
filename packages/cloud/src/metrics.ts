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

  readonly speeches = this.#counterBy(
    "cloud_speeches_total",
    "Texts to speak, by where the speech came from: made, shared, cached; or failed.",
    "outcome",
  );
  readonly speechLatency = this.#histogram(
    "cloud_speech_first_sound_ms",
    "From a text to the first sound of its speech, before it goes anywhere.",
    latencyBuckets,
  );
  readonly fallbacks = this.#counterBy(
    "server_playback_fallback_total",
    "Primary plays that the room could not play, so that the glasses did.",
    "why",
  );
  readonly refusedPlays = this.#counterBy(
    "server_playback_refused_total",
    "Plays that were refused before they began.",
    "code",
  );
  readonly failuresByCode = this.#counterBy(
    "cloud_plays_failed_by_code_total",
    "Plays that ended in an error, by its code.",
    "code",
  );
  readonly activeJobs = this.#gauge("cloud_active_jobs", "Plays that have not ended.");
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
  readonly liveReaders = this.#gauge("cloud_live_readers", "Operators connected to /api/live.");
  readonly liveCutOff = this.#counter(
    "cloud_live_readers_cut_off_total",
    "Operators' connections that were cut off because they did not read.",
  );

  readonly badMessages = this.#counterBy(
    "cloud_bad_messages_total",
    "Messages that could not be taken and were answered with an error.",
    "wire",
    "code",
  );
  readonly ignoredMessages = this.#counterBy(
    "cloud_ignored_messages_total",
    "Messages for other parts of the platform.",
    "wire",
  );
  readonly refusedConnections = this.#counterBy(
    "cloud_refused_connections_total",
    "Connections whose credentials were refused or never came.",
    "wire",
  );
  readonly sessions = this.#gauge("cloud_sessions", "Users with a session.");

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

  #counterBy<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}
