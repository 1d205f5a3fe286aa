import { formatCount } from "../format.js";
import { activeJobs, effectiveVolume, type Layer, layerNames } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { Panel } from "./Panel.js";
import { PercentSlider } from "./PercentSlider.js";

const selectMix = (state: ConsoleState) => state.mix;
/** How many jobs sound on each layer, as a text so that it compares by value. */
const selectCounts = (state: ConsoleState) => {
  const counts = [0, 0, 0];
  for (const { trackId } of activeJobs(state, state.userId)) {
    counts[trackId] = (counts[trackId] ?? 0) + 1;
  }
  return counts.join();
};

/** The loudness of the three layers, and ducking, by hand. */
export function Mixer() {
  const controls = useControls();
  const mix = useConsole(selectMix);
  const counts = useConsole(selectCounts).split(",").map(Number);
  const duck = (
    <button
      type="button"
      class="small toggle"
      aria-pressed={mix.ducked}
      onClick={() => controls.toggleDuck()}
      title="Turn everything but speech down (D)"
    >
      <Icon name="duck" />
      Duck
    </button>
  );
  return (
    <Panel name="mixer" title="Layers" views={["play"]} tools={duck}>
      <div class="faders">
        {layerNames.map((name, layer) => (
          <Fader
            key={name}
            name={name}
            level={mix.levels[layer] ?? 1}
            heard={effectiveVolume(mix, layer as Layer)}
            jobs={counts[layer] ?? 0}
            onLevel={(level) => controls.setLevel(layer as Layer, level)}
          />
        ))}
      </div>
    </Panel>
  );
}

interface FaderProps {
  name: string;
  level: number;
  /** With ducking. */
  heard: number;
  jobs: number;
  onLevel: (level: number) => void;
}

function Fader({ name, level, heard, jobs, onLevel }: FaderProps) {
  return (
    <label class={`fader ${heard < level ? "ducked" : ""}`}>
      <span class="fader-name">
        {name}
        <span class="muted">{jobs === 0 ? "quiet" : formatCount(jobs, "job")}</span>
      </span>
      <PercentSlider label={`Volume of ${name}`} value={level} onInput={onLevel} />
      <span class="figure">{Math.round(heard * 100)}%</span>
    </label>
  );
}
