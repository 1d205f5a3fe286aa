import type { Job, JobSummary, LiveMessage } from "@server-playback/protocol";
import { addOlderJobs, applyLive } from "./live.js";
import type { Access, ConsoleState, Hearing, JobFilter, Link, Mix, Notice, View } from "./state.js";
import { mergeSteps } from "./steps.js";

/** Most notices shown at once. */
const maxNotices = 3;

/** Whatever happens to the page: told by the server, or done by the one who looks. */
export type Action =
  | { readonly type: "live"; readonly messages: readonly LiveMessage[] }
  | { readonly type: "access"; readonly access: Access }
  | { readonly type: "link"; readonly link: Link }
  | { readonly type: "hearing"; readonly hearing: Hearing }
  | { readonly type: "older_jobs"; readonly jobs: readonly JobSummary[]; readonly next: string | undefined }
  | { readonly type: "job_loaded"; readonly job: Job }
  | { readonly type: "select_user"; readonly userId: string }
  | { readonly type: "select_job"; readonly requestId: string | undefined }
  | { readonly type: "filter"; readonly filter: Partial<JobFilter> }
  | { readonly type: "mix"; readonly mix: Mix }
  | { readonly type: "notify"; readonly notice: Notice }
  | { readonly type: "dismiss"; readonly id: number }
  | { readonly type: "view"; readonly view: View };

/** The state after an action. Pure: the same state and action give the same state. */
export function reduce(state: ConsoleState, action: Action): ConsoleState {
  switch (action.type) {
    case "live":
      return applyLive(state, action.messages);
    case "older_jobs":
      return addOlderJobs(state, action.jobs, action.next);
    case "job_loaded":
      return withTimeline(state, action.job);
    case "access":
      return { ...state, access: action.access };
    case "link":
      return { ...state, link: action.link };
    case "hearing":
      return { ...state, hearing: action.hearing };
    case "select_user":
      return { ...state, userId: action.userId };
    case "select_job":
      return { ...state, requestId: action.requestId };
    case "filter":
      return { ...state, filter: { ...state.filter, ...action.filter } };
    case "mix":
      return { ...state, mix: action.mix };
    case "notify":
      return { ...state, notices: [...state.notices, action.notice].slice(-maxNotices) };
    case "dismiss":
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
    case "view":
      return { ...state, view: action.view };
  }
}

/** A job's own answer brings the steps from before the page was opened. */
function withTimeline(state: ConsoleState, { timeline, ...job }: Job): ConsoleState {
  const steps = mergeSteps(timeline, state.timelines.get(job.requestId) ?? []);
  const known = applyLive(state, state.jobs.has(job.requestId) ? [] : [{ type: "job", job }]);
  return { ...known, timelines: new Map(known.timelines).set(job.requestId, steps) };
}
