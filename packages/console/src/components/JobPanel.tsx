import type { JobSummary } from "@server-playback/protocol";
import { explainFailure } from "../advice.js";
import { formatDifference, formatDuration, formatTime, formatWhat } from "../format.js";
import { isActive } from "../state/live.js";
import { layerNames } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { Timeline } from "../timeline/Timeline.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { JobControls } from "./JobControls.js";
import { stateOf, stateWords } from "./job-state.js";

const selectJob = ({ jobs, requestId }: ConsoleState) =>
  requestId === undefined ? undefined : jobs.get(requestId);

/** The chosen job: what it is, what can be done with it, and what it went through. */
export function JobPanel() {
  const controls = useControls();
  const job = useConsole(selectJob);
  if (job === undefined) {
    return (
      <section class="panel job" aria-label="Job" data-views="jobs">
        <p class="empty">Choose a job to see its timeline: click a row, or use the arrow keys in the list.</p>
      </section>
    );
  }
  const state = stateOf(job);
  return (
    <section class={`panel job state-${state}`} aria-label="Job" data-views="play jobs">
      <header class="panel-head">
        <h2 title={job.what}>{formatWhat(job.what, job.kind)}</h2>
        <span class="state-word">
          <span class="state-mark" aria-hidden="true" />
          {stateWords[state]}
        </span>
        <button
          type="button"
          class="quiet"
          onClick={() => controls.selectJob(undefined)}
          aria-label="Close the job"
          title="Close (Esc)"
        >
          <Icon name="close" />
        </button>
      </header>
      {isActive(job) && <JobControls job={job} />}
      {job.state === "error" && <Failure job={job} />}
      <Timeline job={job} />
      <Facts job={job} />
    </section>
  );
}

function Failure({ job }: { job: JobSummary }) {
  const code = job.error ?? "internal";
  const { meaning, advice } = explainFailure(code);
  return (
    <div class="failure" role="alert">
      <p>
        <code>{code}</code> <strong>{meaning}</strong>
      </p>
      <p>{advice}</p>
      {job.message !== undefined && <p class="muted">{job.message}</p>}
    </div>
  );
}

function Facts({ job }: { job: JobSummary }) {
  return (
    <dl class="facts">
      {factsOf(job).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Names and values that are known of a job. */
function factsOf(job: JobSummary): [name: string, value: string][] {
  const { durationMs, deviceDurationMs, firstFrameLatencyMs, expectedDurationMs } = job;
  const facts: [string, string | undefined][] = [
    ["Heard in the room", duration(durationMs)],
    ["Played by the device", duration(deviceDurationMs)],
    [
      "Room − device",
      durationMs === undefined || deviceDurationMs === undefined
        ? undefined
        : formatDifference(durationMs - deviceDurationMs),
    ],
    ["Length of the sound", duration(expectedDurationMs)],
    ["First sound after", duration(firstFrameLatencyMs)],
    ["Ended because", job.reason],
    ["Asked at", formatTime(job.startedAt)],
    ["User", job.userId],
    ["App", job.packageName],
    ["Layer", layerNames[job.trackId as 0 | 1 | 2]],
    ["Mode", job.mode],
    ["Request", job.requestId],
    [job.kind === "url" ? "URL" : "Text", job.what],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function duration(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatDuration(ms);
}
