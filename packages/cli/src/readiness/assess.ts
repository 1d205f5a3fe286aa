import { readSamples, shareUpTo } from "./metrics-text.js";
import { faultsOfTheSound, thresholds } from "./thresholds.js";

/** One threshold, and whether it holds. `value` is absent while nothing was measured. */
export interface Assessment {
  readonly name: string;
  readonly holds: boolean;
  readonly value: number | undefined;
  readonly threshold: number;
  /** How `value` stands to `threshold` when it holds. */
  readonly relation: ">=" | "<=";
}

/** Holds a cloud's metrics against {@link thresholds}. */
export function assess(metricsText: string): Assessment[] {
  const samples = readSamples(metricsText);
  const total = (name: string) => samples.get(`server_playback_${name}_total`) ?? 0;
  const [completed, failed] = [total("completed"), total("failed")];
  const ended = completed + failed + total("cancelled");
  const share = (part: number, of: number) => (of === 0 ? undefined : part / of);
  const { sameLengthMs, promptMs } = thresholds;
  const upTo = (ms: number) => shareUpTo(samples, "cloud_duration_difference_ms", ms);
  return [
    atLeast("plays that ended", ended, thresholds.minPlays),
    atMost(
      "share failed by the server's fault",
      share(failed - ofTheSound(samples), completed + failed),
      thresholds.maxFailedShare,
    ),
    atLeast(
      `share within ${sameLengthMs} ms of the glasses' length`,
      difference(upTo(sameLengthMs), upTo(-sameLengthMs)),
      thresholds.minSameLengthShare,
    ),
    atLeast(
      `share begun within ${promptMs} ms`,
      shareUpTo(samples, "server_playback_first_frame_latency_ms", promptMs),
      thresholds.minPromptShare,
    ),
    atMost(
      "bridge errors a play",
      share(total("bridge_error"), total("started")),
      thresholds.maxBridgeErrorShare,
    ),
  ];
}

/** Failures that were the sound's own. */
function ofTheSound(samples: ReadonlyMap<string, number>): number {
  const counts = faultsOfTheSound.map(
    (code) => samples.get(`cloud_plays_failed_by_code_total{code="${code}"}`) ?? 0,
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function atLeast(name: string, value: number | undefined, threshold: number): Assessment {
  return { name, value, threshold, relation: ">=", holds: value !== undefined && value >= threshold };
}

function atMost(name: string, value: number | undefined, threshold: number): Assessment {
  return { name, value, threshold, relation: "<=", holds: value !== undefined && value <= threshold };
}

function difference(high: number | undefined, low: number | undefined): number | undefined {
  return high === undefined || low === undefined ? undefined : high - low;
}
