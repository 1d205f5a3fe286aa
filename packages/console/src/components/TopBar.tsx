import { storedToken } from "../api/token.js";
import { formatCount } from "../format.js";
import { isActive } from "../state/live.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { LinkStatus } from "./LinkStatus.js";
import { useTheme } from "./theme.js";

/** Name, what goes on, the live socket, and what concerns the page itself. */
export function TopBar({ onShortcuts }: { onShortcuts: () => void }) {
  const controls = useControls();
  const { theme, toggle } = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <header class="topbar">
      <h1>
        <Mark />
        Server Playback
      </h1>
      <Totals />
      <LinkStatus />
      <button
        type="button"
        class="quiet"
        onClick={onShortcuts}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
      >
        <Icon name="keyboard" />
      </button>
      <button
        type="button"
        class="quiet"
        onClick={toggle}
        aria-label={`Use the ${other} theme`}
        title={`Use the ${other} theme (T)`}
      >
        <Icon name={theme === "dark" ? "sun" : "moon"} />
      </button>
      {storedToken.get() !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => controls.forgetToken()}
          aria-label="Forget the token"
          title="Forget the token"
        >
          <Icon name="lock" />
        </button>
      )}
    </header>
  );
}

function Mark() {
  return (
    <svg class="brand" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M8 13v6M13 9v14M18 12v8M23 6v20" />
    </svg>
  );
}

const selectSessions = (state: ConsoleState) => state.sessions.size;
const selectActive = ({ jobs }: ConsoleState) => {
  let active = 0;
  for (const job of jobs.values()) {
    active += isActive(job) ? 1 : 0;
  }
  return active;
};

function Totals() {
  const sessions = useConsole(selectSessions);
  const active = useConsole(selectActive);
  return (
    <p class="totals">
      <span>{formatCount(sessions, "session")}</span>
      <span>{formatCount(active, "active job")}</span>
    </p>
  );
}
