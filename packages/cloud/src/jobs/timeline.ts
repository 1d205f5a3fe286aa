import { type JobStep, maxTimelineSteps } from "@server-playback/protocol";

/**
 * The steps of one job, at most {@link maxTimelineSteps}. Beyond that, every second position is dropped
 * and from then on only every second one taken: a job of any length stays readable as a whole.
 */
export class Timeline {
  #steps: JobStep[] = [];
  /** Of so many positions that come, one is kept. */
  #stride = 1;
  #seen = 0;

  get steps(): readonly JobStep[] {
    return this.#steps;
  }

  /** Adds a step and says whether it was kept. */
  add(step: JobStep): boolean {
    if (step.step === "progress" && this.#seen++ % this.#stride !== 0) {
      return false;
    }
    this.#steps.push(step);
    if (this.#steps.length > maxTimelineSteps) {
      this.#thin();
    }
    return true;
  }

  #thin(): void {
    let position = 0;
    const kept = this.#steps.filter(({ step }) => step !== "progress" || position++ % 2 === 0);
    this.#stride *= 2;
    // Without positions to drop, the oldest after `asked` go: someone pauses and resumes for ever.
    kept.splice(1, Math.max(0, kept.length - maxTimelineSteps));
    this.#steps = kept;
  }
}
