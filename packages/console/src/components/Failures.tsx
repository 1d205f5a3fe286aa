import { explainFailure } from "../advice.js";
import { formatCount } from "../format.js";
import { countFailures } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useStore } from "../state/store.js";
import { Panel } from "./Panel.js";
import { useCalmly } from "./use-calmly.js";

const selectFailures = ({ jobs }: ConsoleState) => countFailures(jobs.values());

/** What failed how often; choosing one lists its jobs. */
export function Failures() {
  const store = useStore();
  const failures = useCalmly(selectFailures);
  const list = (code: string) => {
    store.dispatch({ type: "filter", filter: { kind: "failed", text: code, mine: false } });
    store.dispatch({ type: "view", view: "jobs" });
    document.getElementById("jobs")?.focus();
  };
  return (
    <Panel name="failures" title="Failures" views={["charts"]}>
      {failures.length === 0 ? (
        <p class="empty">None among the jobs listed here.</p>
      ) : (
        <ul class="failure-list">
          {failures.map(([code, count]) => (
            <li key={code}>
              <button type="button" onClick={() => list(code)} title={`List ${formatCount(count, "job")}`}>
                <code>{code}</code>
                <span class="figure">{count.toLocaleString("en-US")}</span>
                <span class="muted">{explainFailure(code).meaning}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
