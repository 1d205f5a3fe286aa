import type { JobSummary } from "@server-playback/protocol";

/** Columns of a chart: times in s since the epoch, oldest first, and a value or a gap for each. */
export type Columns = readonly [times: number[], ...values: (number | null)[][]];

/** Most points of a chart; older ones are left out. */
const maxPoints = 2_000;
/** Columns of the chart of endings. */
const buckets = 40;

/** Time to the first sound of each job, in ms. */
export function latencyColumns(jobs: Iterable<JobSummary>): Columns {
  return columnsOf(jobs, ({ firstFrameLatencyMs }) => firstFrameLatencyMs);
}

/** How much longer the room heard each job than the device played it, in ms. */
export function differenceColumns(jobs: Iterable<JobSummary>): Columns {
  return columnsOf(jobs, ({ durationMs, deviceDurationMs }) =>
    durationMs === undefined || deviceDurationMs === undefined ? undefined : durationMs - deviceDurationMs,
  );
}

function columnsOf(jobs: Iterable<JobSummary>, read: (job: JobSummary) => number | undefined): Columns {
  const points: [number, number][] = [];
  for (const job of jobs) {
    const value = read(job);
    if (value !== undefined) {
      points.push([job.startedAt / 1000, value]);
    }
  }
  points.sort((a, b) => a[0] - b[0]);
  const newest = points.slice(-maxPoints);
  return [newest.map(([time]) => time), newest.map(([, value]) => value)];
}

/** How many jobs ended and how many of them failed, in equal stretches of time. */
export function endingColumns(jobs: Iterable<JobSummary>): Columns {
  const ended = [...jobs].filter((job) => job.endedAt !== undefined);
  const times = ended.map((job) => (job.endedAt ?? 0) / 1000);
  const from = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const to = times.reduce((a, b) => Math.max(a, b), 0);
  if (ended.length === 0) {
    return [[], [], []];
  }
  const size = Math.max(1, (to - from) / (buckets - 1));
  const all: number[] = Array(buckets).fill(0);
  const failed: number[] = Array(buckets).fill(0);
  ended.forEach((job, index) => {
    const bucket = Math.floor(((times[index] ?? from) - from) / size);
    for (const counts of job.state === "error" ? [all, failed] : [all]) {
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
  });
  return [all.map((_, bucket) => from + (bucket + 0.5) * size), all, failed];
}

/** A quantile of values by the nearest-rank method; undefined of none. */
export function quantile(values: readonly (number | null)[], q: number): number | undefined {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
