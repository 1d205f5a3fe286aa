import { useEffect, useRef, useState } from "preact/hooks";
import { useControls } from "../components/controls-context.js";
import { useTheme } from "../components/theme.js";
import { drawWaveform } from "./draw-waveform.js";
import { PeakHistory } from "./PeakHistory.js";
import type { RoomEar } from "./RoomEar.js";
import { noReception, type Reception } from "./reception.js";

/** Columns of the waveform: the last 10 s. */
const columns = 250;
/** How often figures change that people read, in ms; the waveform follows the screen. */
const FIGURES_MS = 250;

interface HeardSound {
  /** Level in dB below full scale. */
  readonly levelDb: number;
  readonly reception: Reception;
}

const silence: HeardSound = { levelDb: Number.NEGATIVE_INFINITY, reception: noReception };

/** Draws what is heard onto a canvas while listening is on, and tells its level. */
export function useHeardSound(on: boolean) {
  const controls = useControls();
  const { theme } = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const history = useRef(new PeakHistory(columns));
  const [heard, setHeard] = useState(silence);
  useEffect(() => {
    const draw = painter(canvas.current, history.current);
    draw();
    if (!on) {
      setHeard(silence);
      return;
    }
    const stopped = new AbortController();
    void controls.ear.then((ear) => {
      if (ear !== undefined && !stopped.signal.aborted) {
        watch(ear, history.current, draw, setHeard, stopped.signal);
      }
    });
    return () => stopped.abort();
  }, [on, controls, theme]);
  return { canvas, heard };
}

/** Measures with every frame of the screen, and tells a few times a second. */
function watch(
  ear: RoomEar,
  history: PeakHistory,
  draw: () => void,
  tell: (heard: HeardSound) => void,
  signal: AbortSignal,
): void {
  let reception = noReception;
  const frame = (nowMs: number) => {
    history.add(ear.measure().peak, nowMs);
    draw();
    handle = requestAnimationFrame(frame);
  };
  let handle = requestAnimationFrame(frame);
  const figures = setInterval(() => {
    tell({ levelDb: ear.measure().rmsDb, reception });
    ear.reception().then(
      (now) => {
        reception = now;
      },
      () => undefined, // the room has just ended
    );
  }, FIGURES_MS);
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(handle);
    clearInterval(figures);
  });
}

function painter(canvas: HTMLCanvasElement | null, history: PeakHistory): () => void {
  if (canvas === null) {
    return () => undefined;
  }
  const style = getComputedStyle(canvas);
  const colours = {
    wave: style.getPropertyValue("--accent"),
    axis: style.getPropertyValue("--line"),
  };
  return () => drawWaveform(canvas, history.read(), colours);
}
