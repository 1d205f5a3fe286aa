import type { ConsoleState, View } from "../state/state.js";
import { useConsole, useStore } from "../state/store.js";
import { Icon, type IconName } from "./Icon.js";

const selectView = (state: ConsoleState) => state.view;
const views: readonly { view: View; label: string; icon: IconName }[] = [
  { view: "play", label: "Play", icon: "play" },
  { view: "jobs", label: "Jobs", icon: "list" },
  { view: "sessions", label: "Sessions", icon: "people" },
  { view: "charts", label: "Charts", icon: "chart" },
];

/** On narrow screens: which part of the page is shown. */
export function Tabs() {
  const store = useStore();
  const current = useConsole(selectView);
  return (
    <nav class="tabs" aria-label="Parts of the console">
      {views.map(({ view, label, icon }) => (
        <button
          key={view}
          type="button"
          aria-current={view === current ? "page" : undefined}
          onClick={() => store.dispatch({ type: "view", view })}
        >
          <Icon name={icon} />
          {label}
        </button>
      ))}
    </nav>
  );
}
