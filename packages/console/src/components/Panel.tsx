import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { View } from "../state/state.js";

interface PanelProps {
  /** Its place in the grid of the page, and its style. */
  name: string;
  title: string;
  /** On narrow screens it is shown in these views. */
  views: readonly View[];
  /** Beside the title. */
  tools?: ComponentChildren;
  children: ComponentChildren;
}

/** A titled part of the page. */
export function Panel({ name, title, views, tools, children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${name}`} aria-labelledby={id} data-views={views.join(" ")}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}
