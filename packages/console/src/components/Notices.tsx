import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";

const selectNotices = (state: ConsoleState) => state.notices;

/** What was done or refused, for a while. */
export function Notices() {
  const controls = useControls();
  const notices = useConsole(selectNotices);
  return (
    <div class="notices" role="log" aria-live="assertive" aria-label="Notices">
      {notices.map(({ id, tone, text }) => (
        <div key={id} class={`notice ${tone}`}>
          <p>{text}</p>
          <button type="button" class="quiet" onClick={() => controls.dismiss(id)} aria-label="Dismiss">
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
