import { Counter, Gauge, Histogram, Registry } from "prom-client";

const durationBuckets = [250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000];
const latencyBuckets = [5, 10, 25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400];

/** Which wire a message or a connection belongs to. */
export type Wire = "app" | "glasses";

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

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}
