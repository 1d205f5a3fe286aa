import type { JobSummary } from "@server-playback/protocol";
import type { TargetedKeyboardEvent } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatCount } from "../format.js";
import { listJobs } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole, useStore } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { JobFilters } from "./JobFilters.js";
import { JobRow } from "./JobRow.js";
import { moveSelection } from "./move-selection.js";
import { Panel } from "./Panel.js";
import { scrollToRow, visibleRows } from "./visible-rows.js";

/** Height of a row in px: one line, two on narrow screens. The style sheet says the same. */
const rowHeights = { wide: 32, narrow: 52 } as const;
const narrow = matchMedia("(max-width: 760px)");
/** Rows before the end at which older jobs are asked for. */
const nearEnd = 40;

const selectJobs = (state: ConsoleState) => state.jobs;
const selectOrder = (state: ConsoleState) => state.order;
const selectFilter = (state: ConsoleState) => state.filter;
const selectUser = (state: ConsoleState) => state.userId;
const selectRequest = (state: ConsoleState) => state.requestId;
const selectOlder = (state: ConsoleState) => state.older.state;

/** All jobs, newest first; only the rows that are seen are drawn. */
export function JobsList() {
  const jobs = useConsole(selectJobs);
  const order = useConsole(selectOrder);
  const filter = useConsole(selectFilter);
  const userId = useConsole(selectUser);
  const listed = useMemo(() => listJobs({ jobs, order }, filter, userId), [jobs, order, filter, userId]);
  return (
    <Panel
      name="jobs"
      title="Jobs"
      views={["jobs"]}
      tools={
        <>
          <JobFilters />
          <span class="count" role="status" aria-label={formatCount(listed.length, "job")}>
            {listed.length.toLocaleString("en-US")}
          </span>
        </>
      }
    >
      <JobsGrid listed={listed} total={jobs.size} />
    </Panel>
  );
}

function JobsGrid({ listed, total }: { listed: readonly JobSummary[]; total: number }) {
  const controls = useControls();
  const requestId = useConsole(selectRequest);
  const older = useConsole(selectOlder);
  const select = useCallback((id: string) => controls.selectJob(id), [controls]);
  const { scroller, rowHeight, rows, onScroll } = useRows(listed.length);
  const selected = listed.findIndex((job) => job.requestId === requestId);

  useScrollTo(scroller, selected, requestId, rowHeight);
  useEffect(() => {
    if (older !== "none" && listed.length > 0 && rows.to > listed.length - nearEnd && rows.from > 0) {
      controls.loadOlder();
    }
  }, [controls, older, rows.from, rows.to, listed.length]);

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const page = Math.max(1, rows.to - rows.from - 2);
    const next = moveSelection(event.key, selected, listed.length, page);
    if (next !== undefined) {
      event.preventDefault();
      controls.selectJob(listed[next]?.requestId);
    }
  };
  return (
    <div
      ref={scroller}
      id="jobs"
      class="job-grid"
      role="grid"
      tabIndex={0}
      aria-label="Jobs, newest first; arrow keys choose"
      aria-rowcount={listed.length + 1}
      aria-activedescendant={selected < 0 ? undefined : rowId(selected)}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <HeadRow />
      <div class="job-canvas" role="rowgroup" style={{ height: `${listed.length * rowHeight}px` }}>
        {listed.slice(rows.from, rows.to).map((job, offset) => {
          const index = rows.from + offset;
          return (
            <JobRow
              key={`${job.userId} ${job.requestId}`}
              id={rowId(index)}
              job={job}
              index={index}
              top={index * rowHeight}
              selected={index === selected}
              onSelect={select}
            />
          );
        })}
      </div>
      {listed.length === 0 && <NoJobs total={total} />}
    </div>
  );
}

const columns = [
  "State",
  "Sound",
  "User",
  "App",
  "Layer",
  "Progress",
  "First sound",
  "Room − device",
  "Asked",
] as const;

/** Stays in sight while the rows scroll. */
function HeadRow() {
  return (
    <div class="job-row job-head" role="row" aria-rowindex={1}>
      {columns.map((name) => (
        <span key={name} role="columnheader">
          {name}
        </span>
      ))}
    </div>
  );
}

function NoJobs({ total }: { total: number }) {
  const store = useStore();
  return total === 0 ? (
    <p class="empty">
      No job yet. Type a URL or a sentence above and press Play, or let an app play something.
    </p>
  ) : (
    <p class="empty">
      None of {formatCount(total, "job")} matches.{" "}
      <button
        type="button"
        class="textual"
        onClick={() => store.dispatch({ type: "filter", filter: { kind: "all", text: "", mine: false } })}
      >
        Show all
      </button>
    </p>
  );
}

/** Follows the scrolling and the size of the list. */
function useRows(count: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState({ top: 0, height: 400 });
  const [isNarrow, setNarrow] = useState(narrow.matches);
  const rowHeight = isNarrow ? rowHeights.narrow : rowHeights.wide;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const measure = () => setWindow(windowOf(element));
    const resized = new ResizeObserver(() => {
      setNarrow(narrow.matches);
      measure();
    });
    resized.observe(element);
    return () => resized.disconnect();
  }, []);
  const onScroll = () => {
    const element = scroller.current;
    if (element !== null) {
      setWindow(windowOf(element));
    }
  };
  return { scroller, rowHeight, rows: visibleRows(count, rowHeight, window.top, window.height), onScroll };
}

/** The part of the rows that is seen: the head covers the rest. */
function windowOf(element: HTMLElement): { top: number; height: number } {
  const head = element.firstElementChild?.clientHeight ?? 0;
  return { top: element.scrollTop, height: element.clientHeight - head };
}

/** Brings a job into sight when it is chosen, and leaves the scrolling alone afterwards. */
function useScrollTo(
  scroller: { readonly current: HTMLDivElement | null },
  index: number,
  requestId: string | undefined,
  rowHeight: number,
): void {
  const isListed = index >= 0;
  useEffect(() => {
    const element = scroller.current;
    if (element !== null && isListed) {
      const { top, height } = windowOf(element);
      element.scrollTop = scrollToRow(index, rowHeight, top, height);
    }
  }, [requestId, isListed]);
}

function rowId(index: number): string {
  return `job-${index}`;
}
