import type { ConsoleState, JobFilter } from "../state/state.js";
import { useConsole, useStore } from "../state/store.js";
import { Segments } from "./Segments.js";

const selectFilter = (state: ConsoleState) => state.filter;
const kinds: readonly { value: JobFilter["kind"]; label: string }[] = [
  { value: "all", label: "All" },
  { value: "active", label: "Active" },
  { value: "failed", label: "Failed" },
];

/** Which jobs are listed. */
export function JobFilters() {
  const store = useStore();
  const filter = useConsole(selectFilter);
  const change = (changed: Partial<JobFilter>) => store.dispatch({ type: "filter", filter: changed });
  return (
    <search class="job-filters">
      <Segments legend="Show" options={kinds} value={filter.kind} onChange={(kind) => change({ kind })} />
      <label class="check">
        <input
          type="checkbox"
          checked={filter.mine}
          onChange={({ currentTarget }) => change({ mine: currentTarget.checked })}
        />
        This session
      </label>
      <input
        type="search"
        value={filter.text}
        onInput={({ currentTarget }) => change({ text: currentTarget.value })}
        placeholder="Find user, app, URL, code…"
        aria-label="Find jobs"
      />
    </search>
  );
}
