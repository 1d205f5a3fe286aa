import type { JobSummary } from "@server-playback/protocol";
import type { JSX } from "preact";
import { formatDifference, formatDuration, formatPosition, formatTime, formatWhat } from "../format.js";
import { layerNames } from "../state/selectors.js";
import { stateOf, stateWords } from "./job-state.js";

interface JobRowProps {
  id: string;
  job: JobSummary;
  index: number;
  /** Its place in the list, in px. */
  top: number;
  selected: boolean;
  onSelect: (requestId: string) => void;
}

/** One job in a line. */
export function JobRow({ id, job, index, top, selected, onSelect }: JobRowProps) {
  const state = stateOf(job);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
    <div
      id={id}
      class={`job-row state-${state}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(job.requestId)}
    >
      <Cell name="state">
        <span class="state-mark" aria-hidden="true" />
        {stateWords[state]}
      </Cell>
      <Cell name="what" title={job.what}>
        {formatWhat(job.what, job.kind)}
      </Cell>
      <Cell name="user">{job.userId}</Cell>
      <Cell name="app">{job.packageName}</Cell>
      <Cell name="layer">{layerNames[job.trackId as 0 | 1 | 2]}</Cell>
      <Cell name="progress">
        <Progress job={job} />
      </Cell>
      <Cell name="first">
        {job.firstFrameLatencyMs === undefined ? "" : formatDuration(job.firstFrameLatencyMs)}
      </Cell>
      <Cell name="difference">
        {job.durationMs === undefined || job.deviceDurationMs === undefined
          ? ""
          : formatDifference(job.durationMs - job.deviceDurationMs)}
      </Cell>
      <Cell name="asked">{formatTime(job.startedAt)}</Cell>
    </div>
  );
}

function Cell({
  name,
  title,
  children,
}: {
  name: string;
  title?: string;
  children: JSX.Element | string | (JSX.Element | string)[];
}) {
  return (
    <span class={`cell-${name}`} role="gridcell" title={title}>
      {children}
    </span>
  );
}

function Progress({ job }: { job: JobSummary }) {
  const { state, error, reason, positionMs = 0, durationMs = positionMs, expectedDurationMs = 0 } = job;
  if (state === "error") {
    return <code class="bad">{error ?? "internal"}</code>;
  }
  if (state === "cancelled") {
    return (
      <span class="muted">
        {formatPosition(durationMs)}
        {reason === undefined ? "" : `, ${reason}`}
      </span>
    );
  }
  if (state !== "streaming") {
    return <span class="muted">{state === "completed" ? formatDuration(durationMs) : ""}</span>;
  }
  const done = expectedDurationMs > 0 ? Math.min(1, positionMs / expectedDurationMs) : 0;
  return (
    <span class="progress">
      <span class="bar" style={{ "--done": done }} />
      <span class="figure">{formatPosition(positionMs)}</span>
    </span>
  );
}
