import type { JobStep } from "@server-playback/protocol";
import type { SpeakerJob } from "./speaker-job.js";

/** A step of a job, as it happens: the observer knows the time. */
export type JobNews = Omit<JobStep, "atMs">;

/** Port: follows every job of every user. What it throws is logged and has no effect. */
export interface JobObserver {
  /** A job is new, or something of it has changed; in a terminal state it comes once, and last. */
  onJob(userId: string, job: SpeakerJob): void;
  /** Also of plays that have ended: the glasses may answer later. */
  onStep(userId: string, requestId: string, step: JobNews): void;
}
