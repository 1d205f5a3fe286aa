import type { JobSummary } from "@server-playback/protocol";

/** A job's state as people see it: a pause is one. */
export type SeenState = JobSummary["state"] | "paused";

export function stateOf({ state, paused }: JobSummary): SeenState {
  return state === "streaming" && paused === true ? "paused" : state;
}

export const stateWords: Readonly<Record<SeenState, string>> = {
  pending: "Starting",
  streaming: "Playing",
  paused: "Paused",
  completed: "Completed",
  cancelled: "Stopped",
  error: "Failed",
};
