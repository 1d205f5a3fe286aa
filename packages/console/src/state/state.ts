import type { JobStep, JobSummary, SessionSummary } from "@server-playback/protocol";

/** Most jobs that the page holds; the oldest ended ones are let go of beyond it. */
export const maxJobs = 10_000;

/** Whether this page may talk to the API. */
export type Access =
  | { readonly state: "checking" }
  | { readonly state: "open" }
  | { readonly state: "token_needed"; readonly refused: boolean }
  | { readonly state: "off"; readonly message: string };

/** The live socket. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  | { readonly state: "waiting"; readonly retryAt: number };

/** What this page hears of a room. */
export type Hearing =
  | { readonly state: "off" }
  | { readonly state: "joining"; readonly userId: string }
  | { readonly state: "on"; readonly userId: string; readonly roomName: string; readonly tracks: number }
  | { readonly state: "failed"; readonly userId: string; readonly message: string };

/** Which jobs are listed. */
export interface JobFilter {
  readonly kind: "all" | "active" | "failed";
  readonly text: string;
  /** Of the selected session only. */
  readonly mine: boolean;
}

/** Loudness of the three layers, set by hand. */
export interface Mix {
  /** Linear volume of layer 0, 1 and 2. */
  readonly levels: readonly [number, number, number];
  /** Everything but speech is turned down. */
  readonly ducked: boolean;
}

/** One line that tells of something done or refused; it goes away. */
export interface Notice {
  readonly id: number;
  readonly tone: "info" | "error";
  readonly text: string;
}

/** Jobs from before the snapshot: nobody asked yet, there are more, or all are here. */
type Older =
  | { readonly state: "unasked" }
  | { readonly state: "more"; readonly before: string }
  | { readonly state: "none" };

/** Parts of the page, of which a narrow screen shows one at a time. */
export type View = "play" | "jobs" | "sessions" | "charts";

/** Everything that the page shows. */
export interface ConsoleState {
  readonly access: Access;
  readonly link: Link;
  /** The first snapshot has come. */
  readonly loaded: boolean;
  readonly sessions: ReadonlyMap<string, SessionSummary>;
  readonly jobs: ReadonlyMap<string, JobSummary>;
  /** requestIds, newest first. */
  readonly order: readonly string[];
  readonly timelines: ReadonlyMap<string, readonly JobStep[]>;
  readonly older: Older;
  readonly userId: string | undefined;
  readonly requestId: string | undefined;
  readonly filter: JobFilter;
  readonly mix: Mix;
  readonly hearing: Hearing;
  readonly notices: readonly Notice[];
  readonly view: View;
}

/** A page that knows nothing yet. */
export const initialState: ConsoleState = {
  access: { state: "checking" },
  link: { state: "connecting" },
  loaded: false,
  sessions: new Map(),
  jobs: new Map(),
  order: [],
  timelines: new Map(),
  older: { state: "unasked" },
  userId: undefined,
  requestId: undefined,
  filter: { kind: "all", text: "", mine: false },
  mix: { levels: [1, 1, 1], ducked: false },
  hearing: { state: "off" },
  notices: [],
  view: "play",
};
