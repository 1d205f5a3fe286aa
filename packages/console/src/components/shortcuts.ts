import type { Controls } from "../Controls.js";
import { isActive } from "../state/live.js";
import type { Store } from "../state/store.js";
import { toggleTheme } from "./theme.js";

/** A key and what it does; shown in this order. */
export interface Shortcut {
  readonly keys: string;
  readonly does: string;
}

export const shortcuts: readonly Shortcut[] = [
  { keys: "/", does: "Write what to play" },
  { keys: "Enter", does: "Play it" },
  { keys: "Space", does: "Pause the chosen job, or let it go on" },
  { keys: "S", does: "Stop the chosen job" },
  { keys: "Shift S", does: "Stop everything of this session" },
  { keys: "← →", does: "Move the chosen job by 5 s" },
  { keys: "J K", does: "Choose the next or the previous job" },
  { keys: "L", does: "Listen to the room, or stop listening" },
  { keys: "D", does: "Duck, or let go" },
  { keys: "F", does: "Find jobs" },
  { keys: "T", does: "Light or dark" },
  { keys: "?", does: "Show these keys" },
  { keys: "Esc", does: "Close the job" },
];

const seekMs = 5_000;

/** Does what a key stands for; answers whether it stood for something. */
export function pressKey(key: string, store: Store, controls: Controls, help: () => void): boolean {
  const { requestId, jobs } = store.state;
  const job = requestId === undefined ? undefined : jobs.get(requestId);
  const active = job !== undefined && isActive(job) ? job.requestId : undefined;
  const withActive = (act: (requestId: string) => unknown) => active !== undefined && act(active);
  const keys: Readonly<Record<string, () => unknown>> = {
    "/": () => focus("what"),
    f: () => document.querySelector<HTMLElement>(".job-filters input[type=search]")?.focus(),
    " ": () => withActive((id) => controls.togglePause(id)),
    s: () => withActive((id) => controls.control(id, { action: "stop" })),
    S: () => controls.stopAll(),
    ArrowLeft: () => withActive((id) => controls.seekBy(id, -seekMs)),
    ArrowRight: () => withActive((id) => controls.seekBy(id, seekMs)),
    j: () => moveInList("ArrowDown"),
    k: () => moveInList("ArrowUp"),
    l: () => controls.toggleListening(),
    d: () => controls.toggleDuck(),
    t: toggleTheme,
    "?": help,
    Escape: () => controls.selectJob(undefined),
  };
  const act = keys[key];
  void act?.();
  return act !== undefined;
}

/** Whether a key pressed here belongs to the control that has the focus. */
export function isTyping(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const own = target.closest(
    "dialog, input:not([type=range], [type=radio], [type=checkbox]), select, textarea",
  );
  const pressed = target.closest("button, summary, a, input[type=checkbox], input[type=radio]");
  const moved = target.closest("input[type=range], input[type=radio]");
  return (
    own !== null ||
    (pressed !== null && (key === " " || key === "Enter")) ||
    (moved !== null && key.startsWith("Arrow"))
  );
}

function focus(id: string): void {
  document.getElementById(id)?.focus();
}

function moveInList(key: string): void {
  const list = document.getElementById("jobs");
  list?.focus();
  list?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}
