import { useEffect, useState } from "preact/hooks";
import { Charts } from "./charts/Charts.js";
import { Composer } from "./components/Composer.js";
import { useControls } from "./components/controls-context.js";
import { Failures } from "./components/Failures.js";
import { JobPanel } from "./components/JobPanel.js";
import { JobsList } from "./components/JobsList.js";
import { Mixer } from "./components/Mixer.js";
import { Monitor } from "./components/Monitor.js";
import { Notices } from "./components/Notices.js";
import { Sessions } from "./components/Sessions.js";
import { Shortcuts } from "./components/Shortcuts.js";
import { isTyping, pressKey } from "./components/shortcuts.js";
import { Tabs } from "./components/Tabs.js";
import { TokenGate } from "./components/TokenGate.js";
import { TopBar } from "./components/TopBar.js";
import type { ConsoleState } from "./state/state.js";
import { useConsole, useStore } from "./state/store.js";

const selectAccess = (state: ConsoleState) => state.access;
const selectView = (state: ConsoleState) => state.view;

/** The page. */
export function App() {
  const access = useConsole(selectAccess);
  const view = useConsole(selectView);
  const [help, setHelp] = useState(false);
  useKeys(() => setHelp(true), access.state === "open");
  return (
    <>
      <TopBar onShortcuts={() => setHelp(true)} />
      {access.state === "open" ? (
        <>
          <main class="console" data-view={view}>
            <Composer />
            <Sessions />
            <JobsList />
            <JobPanel />
            <Monitor />
            <Mixer />
            <Charts />
            <Failures />
          </main>
          <Tabs />
        </>
      ) : (
        <main class="gate-page">
          <TokenGate access={access} />
        </main>
      )}
      <Notices />
      <Shortcuts open={help} onClose={() => setHelp(false)} />
    </>
  );
}

/** Keys that work wherever the focus is, unless the focused control has a use for them. */
function useKeys(showHelp: () => void, on: boolean): void {
  const store = useStore();
  const controls = useControls();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isChord = event.ctrlKey || event.metaKey || event.altKey;
      if (isChord || event.defaultPrevented || isTyping(event.target, event.key)) {
        return;
      }
      if (pressKey(event.key, store, controls, showHelp)) {
        event.preventDefault();
      }
    };
    if (on) {
      document.addEventListener("keydown", press);
    }
    return () => document.removeEventListener("keydown", press);
  }, [store, controls, on]);
}
