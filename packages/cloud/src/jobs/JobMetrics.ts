import type { JobNews, JobObserver } from "../JobObserver.js";
import type { Metrics } from "../metrics.js";
import type { SpeakerJob } from "../speaker-job.js";

/** Counts what becomes of jobs, beyond the seed's seven metrics. */
export class JobMetrics implements JobObserver {
  readonly #metrics: Metrics;
  readonly #active = new Set<string>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  onJob(userId: string, job: SpeakerJob): void {
    const key = JSON.stringify([userId, job.requestId]);
    if (job.state === "pending" || job.state === "streaming") {
      this.#active.add(key);
    } else {
      this.#active.delete(key);
    }
    this.#metrics.activeJobs.set(this.#active.size);
    if (job.state === "error") {
      this.#metrics.failuresByCode.inc({ code: job.error });
    }
  }

  onStep(_userId: string, _requestId: string, { step, tookMs }: JobNews): void {
    if (step === "recovered") {
      this.#metrics.recoveries.inc();
      if (tookMs !== undefined) {
        this.#metrics.recoveryTime.observe(tookMs);
      }
    }
  }
}
