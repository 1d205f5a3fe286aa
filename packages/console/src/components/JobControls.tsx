import type { JobSummary } from "@server-playback/protocol";
import { useState } from "preact/hooks";
import { formatPosition } from "../format.js";
import { effectiveVolume } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { PercentSlider } from "./PercentSlider.js";

/** How long a new volume takes to be reached, in ms. */
const VOLUME_RAMP_MS = 100;
const selectMix = (state: ConsoleState) => state.mix;

/** Stop, pause, position and volume of a job that runs. */
export function JobControls({ job }: { job: JobSummary }) {
  const controls = useControls();
  const { requestId, paused = false } = job;
  return (
    <div class="job-controls">
      <button
        type="button"
        class="small"
        onClick={() => void controls.togglePause(requestId)}
        disabled={job.state !== "streaming"}
        title={paused ? "Go on (Space)" : "Pause (Space)"}
      >
        <Icon name={paused ? "play" : "pause"} />
        {paused ? "Resume" : "Pause"}
      </button>
      <button
        type="button"
        class="small danger"
        onClick={() => void controls.control(requestId, { action: "stop" })}
        title="Stop (S)"
      >
        <Icon name="stop" />
        Stop
      </button>
      <Seek job={job} />
      <Volume job={job} />
    </div>
  );
}

function Seek({ job }: { job: JobSummary }) {
  const controls = useControls();
  const [dragged, setDragged] = useState<number | undefined>();
  const { requestId, positionMs = 0, expectedDurationMs = 0 } = job;
  const shown = dragged ?? positionMs;
  const seekable = job.state === "streaming" && expectedDurationMs > 0;
  return (
    <label class="seek">
      <span class="figure">{formatPosition(shown)}</span>
      <input
        type="range"
        min="0"
        max={Math.max(1, expectedDurationMs)}
        step="100"
        value={shown}
        disabled={!seekable}
        style={{ "--fill": `${seekable ? (100 * shown) / expectedDurationMs : 0}%` }}
        aria-label="Position"
        aria-valuetext={formatPosition(shown)}
        onInput={({ currentTarget }) => setDragged(Number(currentTarget.value))}
        onChange={({ currentTarget }) => {
          setDragged(undefined);
          const target = Number(currentTarget.value);
          void controls.control(requestId, { action: "seek", positionMs: target });
        }}
      />
      <span class="figure">{seekable ? formatPosition(expectedDurationMs) : "–:––"}</span>
    </label>
  );
}

function Volume({ job }: { job: JobSummary }) {
  const controls = useControls();
  const layerVolume = effectiveVolume(useConsole(selectMix), job.trackId as 0 | 1 | 2);
  const [set, setVolume] = useState({ requestId: job.requestId, volume: layerVolume });
  const volume = set.requestId === job.requestId ? set.volume : layerVolume;
  return (
    <label class="volume">
      <span class="legend">Volume</span>
      <PercentSlider
        label="Volume of this job"
        value={volume}
        onInput={(next) => setVolume({ requestId: job.requestId, volume: next })}
        onChange={(next) =>
          void controls.control(job.requestId, { action: "volume", volume: next, rampMs: VOLUME_RAMP_MS })
        }
      />
    </label>
  );
}
