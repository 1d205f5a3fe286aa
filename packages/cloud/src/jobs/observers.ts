import type { JobObserver } from "../JobObserver.js";

/** Tells several observers, in their order. */
export function observedBy(observers: readonly JobObserver[]): JobObserver {
  return {
    onJob: (userId, job) => {
      for (const observer of observers) {
        observer.onJob(userId, job);
      }
    },
    onStep: (userId, requestId, step) => {
      for (const observer of observers) {
        observer.onStep(userId, requestId, step);
      }
    },
  };
}
