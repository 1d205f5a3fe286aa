import { useState } from "preact/hooks";
import { formatLevel } from "../format.js";
import { meterFill, meterFloorDb } from "../listen/loudness.js";
import type { Reception } from "../listen/reception.js";
import { useHeardSound } from "../listen/useHeardSound.js";
import type { ConsoleState, Hearing } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { Panel } from "./Panel.js";
import { PercentSlider } from "./PercentSlider.js";

const selectHearing = (state: ConsoleState) => state.hearing;
const selectUser = (state: ConsoleState) => state.userId;

/** What the room hears, for the ear and for the eye. */
export function Monitor() {
  const controls = useControls();
  const hearing = useConsole(selectHearing);
  const userId = useConsole(selectUser);
  const on = hearing.state === "on";
  const { canvas, heard } = useHeardSound(on);
  const wanted = on || hearing.state === "joining";
  const button = (
    <button
      type="button"
      class="small toggle"
      aria-pressed={wanted}
      disabled={userId === undefined}
      onClick={() => void controls.toggleListening()}
      title="Hear the room in this browser (L)"
    >
      <Icon name="headphones" />
      {wanted ? "Listening" : "Listen"}
    </button>
  );
  return (
    <Panel name="monitor" title="Room" views={["play"]} tools={button}>
      <HearingText hearing={hearing} />
      <canvas ref={canvas} class="waveform" role="img" aria-label="Waveform of the last 10 seconds heard" />
      <Meter levelDb={heard.levelDb} />
      <div class="monitor-foot">
        <ReceptionText reception={heard.reception} />
        <ListenVolume />
      </div>
    </Panel>
  );
}

function HearingText({ hearing }: { hearing: Hearing }) {
  switch (hearing.state) {
    case "off":
      return (
        <p class="muted hearing">Not listening. Play something or press Listen to hear the room here.</p>
      );
    case "joining":
      return <p class="hearing">Joining the room of {hearing.userId}…</p>;
    case "on":
      return (
        <p class="hearing">
          <code>{hearing.roomName}</code>
          <span class="muted">{hearing.tracks === 0 ? "nothing published yet" : "hearing the bridge"}</span>
        </p>
      );
    case "failed":
      return (
        <p class="bad hearing" role="alert">
          {hearing.message}
        </p>
      );
  }
}

/** A bar from -60 dB to full scale. */
function Meter({ levelDb }: { levelDb: number }) {
  return (
    <div class="meter-line">
      <div
        class="meter"
        role="meter"
        aria-label="Level"
        aria-valuemin={meterFloorDb}
        aria-valuemax={0}
        aria-valuenow={Math.max(meterFloorDb, Math.round(levelDb))}
        aria-valuetext={formatLevel(levelDb)}
      >
        <div class="meter-cover" style={{ "--covered": 1 - meterFill(levelDb) }} />
      </div>
      <span class="figure">{formatLevel(levelDb)}</span>
    </div>
  );
}

function ReceptionText({ reception }: { reception: Reception }) {
  const { packetsReceived, packetsLost, jitterMs } = reception;
  return (
    <dl class="figures">
      <div>
        <dt>Packets</dt>
        <dd>{packetsReceived.toLocaleString("en-US")}</dd>
      </div>
      <div>
        <dt>Lost</dt>
        <dd class={packetsLost > 0 ? "bad" : ""}>{packetsLost}</dd>
      </div>
      <div>
        <dt>Jitter</dt>
        <dd>{jitterMs.toFixed(1)} ms</dd>
      </div>
    </dl>
  );
}

function ListenVolume() {
  const controls = useControls();
  const [volume, setVolume] = useState(controls.listenVolume);
  return (
    <label class="listen-volume">
      <Icon name="headphones" />
      <PercentSlider
        label="Loudness of this page"
        value={volume}
        onInput={(next) => {
          setVolume(next);
          void controls.setListenVolume(next);
        }}
      />
    </label>
  );
}
