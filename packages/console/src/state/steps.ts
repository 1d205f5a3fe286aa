import { type JobStep, maxTimelineSteps } from "@server-playback/protocol";

/** Steps of two tellings of one job, each once, in order of time; the oldest progress is thinned out. */
export function mergeSteps(known: readonly JobStep[], told: readonly JobStep[]): readonly JobStep[] {
  const byKey = new Map([...known, ...told].map((step) => [`${step.atMs} ${step.step}`, step]));
  const steps = [...byKey.values()].sort((a, b) => a.atMs - b.atMs);
  let excess = steps.length - maxTimelineSteps;
  return excess <= 0 ? steps : steps.filter(({ step }) => step !== "progress" || excess-- <= 0);
}
