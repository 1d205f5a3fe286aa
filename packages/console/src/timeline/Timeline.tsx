import type { JobStep, JobSummary } from "@server-playback/protocol";
import { useMemo } from "preact/hooks";
import { formatDuration, formatPosition } from "../format.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { Band } from "./Band.js";
import { modelTimeline, type SpanKind, type TimelineModel } from "./timeline-model.js";

/** What each colour of the bar means. */
const spanWords: Readonly<Record<SpanKind, string>> = {
  fetching: "Fetching",
  joining: "Joining",
  starting: "Preparing",
  playing: "Playing",
  paused: "Paused",
  underrun: "Underrun",
  lost: "Interrupted",
};

const stepWords: Readonly<Record<JobStep["step"], string>> = {
  asked: "Asked",
  joined: "Joined the room",
  fetched: "Fetched the beginning",
  started: "First packet sent",
  progress: "Playing",
  paused: "Paused",
  resumed: "Resumed",
  sought: "Sought",
  buffering: "Underrun",
  recovered: "Recovered",
  fell_back: "Fell back to the device",
  glasses_answered: "The device answered",
  ended: "Ended",
};

const none: readonly JobStep[] = [];

/** What a job went through, drawn to scale, and in words. */
export function Timeline({ job }: { job: JobSummary }) {
  const { requestId, expectedDurationMs } = job;
  const steps = useConsole(
    useMemo(() => (state: ConsoleState) => state.timelines.get(requestId) ?? none, [requestId]),
  );
  const model = useMemo(() => modelTimeline(steps, expectedDurationMs), [steps, expectedDurationMs]);
  if (steps.length === 0) {
    return <p class="muted timeline-empty">No step of this job is known yet.</p>;
  }
  return (
    <div class="timeline">
      <Band
        title={
          model.firstPacketMs === undefined
            ? model.ended
              ? "No sound was sent"
              : "Starting"
            : "Until the first packet"
        }
        passedMs={model.before.toMs}
        toMs={model.before.toMs}
        spans={model.before.spans}
        lanes={["fetching", "joining", "starting"]}
        words={spanWords}
      />
      {model.firstPacketMs !== undefined && (
        <Band
          title={model.ended ? "Whole" : "So far"}
          passedMs={model.endMs}
          toMs={model.whole.toMs}
          spans={model.whole.spans}
          marks={model.whole.marks}
          markWords={stepWords}
          words={spanWords}
        />
      )}
      <Legend model={model} />
      <Steps steps={steps} why={job.error ?? job.reason} />
    </div>
  );
}

function Legend({ model }: { model: TimelineModel }) {
  const kinds = new Set([...model.before.spans, ...model.whole.spans].map(({ kind }) => kind));
  return (
    <ul class="timeline-legend" aria-hidden="true">
      {[...kinds].map((kind) => (
        <li key={kind}>
          <span class={`swatch span-${kind}`} />
          {spanWords[kind]}
        </li>
      ))}
    </ul>
  );
}

/** The same in words; positions that only go on are left out. */
function Steps({ steps, why }: { steps: readonly JobStep[]; why: string | undefined }) {
  const last = steps.at(-1);
  const told = steps.filter((step) => step.step !== "progress" || step === last);
  return (
    <ol class="steps">
      {told.map((step) => (
        <li key={`${step.atMs} ${step.step}`} class={`step-${step.step}`}>
          <span class="figure">{formatDuration(step.atMs)}</span>
          <span>{stepWords[step.step]}</span>
          <span class="muted">{details(step.step === "ended" ? { note: why, ...step } : step)}</span>
        </li>
      ))}
    </ol>
  );
}

/** Steps that end a silence: their time is how long it was. */
const endsSilence = new Set<JobStep["step"]>(["resumed", "recovered"]);

function details({
  step,
  tookMs,
  positionMs,
  note,
}: Pick<JobStep, "step" | "tookMs" | "positionMs"> & { note?: string | undefined }): string {
  const word = endsSilence.has(step) ? "after" : "took";
  return [
    tookMs === undefined ? "" : `${word} ${formatDuration(tookMs)}`,
    positionMs === undefined ? "" : `at ${formatPosition(positionMs)}`,
    note ?? "",
  ]
    .filter(Boolean)
    .join(", ");
}
