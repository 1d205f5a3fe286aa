import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";

/** Requests of one session whose other duration may still come; older ones are forgotten. */
const MAX_OPEN = 256;

/** Counts a pair of durations. */
type CorrelationMetrics = Pick<Metrics, "durationDifference" | "durationRatio">;

interface Durations {
  device_duration_ms?: number;
  shadow_duration_ms?: number;
}

/** Brings together what the glasses and what the bridge said of a play's length, and logs each pair once. */
export class DurationCorrelation {
  readonly #open = new Map<string, Durations>();
  readonly #log: Logger;
  readonly #metrics: CorrelationMetrics;

  constructor(log: Logger, metrics: CorrelationMetrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  device(requestId: string, durationMs: number): void {
    this.#add(requestId, { device_duration_ms: durationMs });
  }

  shadow(requestId: string, durationMs: number): void {
    this.#add(requestId, { shadow_duration_ms: durationMs });
  }

  #add(requestId: string, known: Durations): void {
    const durations = { ...this.#open.get(requestId), ...known };
    this.#open.delete(requestId);
    if (durations.device_duration_ms !== undefined && durations.shadow_duration_ms !== undefined) {
      this.#log.info({ requestId, ...durations }, "play durations");
      this.#count(durations.device_duration_ms, durations.shadow_duration_ms);
      return;
    }
    this.#open.set(requestId, durations);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) {
        break;
      }
      this.#open.delete(oldest);
    }
  }

  #count(deviceMs: number, shadowMs: number): void {
    this.#metrics.durationDifference.observe(deviceMs - shadowMs);
    if (shadowMs > 0) {
      this.#metrics.durationRatio.observe(deviceMs / shadowMs);
    }
  }
}
