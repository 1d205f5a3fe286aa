import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Controls } from "../Controls.js";

export const ControlsContext = createContext<Controls | undefined>(undefined);

/** What the page can do. */
export function useControls(): Controls {
  const controls = useContext(ControlsContext);
  if (controls === undefined) {
    throw new Error("There are no controls around this component.");
  }
  return controls;
}
