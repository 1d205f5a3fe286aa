import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useTheme } from "../components/theme.js";
import type { Columns } from "./chart-data.js";

const height = 112;

/** Colours of the theme, by the name of a CSS variable. */
export type Colours = (name: string) => string;

export interface ChartProps {
  /** What it shows, in a sentence, for those who do not see it. */
  summary: string;
  data: Columns;
  series: (colours: Colours) => uPlot.Series[];
  /** Writes a value of the vertical axis. */
  value: (value: number) => string;
  /** The vertical axis begins at 0. */
  fromZero?: boolean;
}

/** A chart over time. */
export function Chart({ summary, data, series, value, fromZero = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(data);
  const { theme } = useTheme();
  latest.current = data;
  useEffect(() => {
    const element = place.current;
    if (element === null) {
      return;
    }
    const style = getComputedStyle(element);
    const colours: Colours = (name) => style.getPropertyValue(name).trim();
    const made = new uPlot(
      options(element.clientWidth, colours, { series, value, fromZero }),
      asData(latest.current),
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
    };
  }, [theme, series, value, fromZero]);
  useEffect(() => plot.current?.setData(asData(data)), [data]);
  return <div ref={place} class="chart" role="img" aria-label={summary} />;
}

function asData([times, ...values]: Columns): uPlot.AlignedData {
  return [times, ...values];
}

function options(
  width: number,
  colours: Colours,
  { series, value, fromZero }: Required<Pick<ChartProps, "series" | "value" | "fromZero">>,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colours("--muted"),
    font: "11px InterVariable, system-ui, sans-serif",
    grid: { stroke: colours("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(1, width),
    height,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    series: [{}, ...series(colours)],
    scales: { x: { range: withMargin }, ...(fromZero ? { y: { range: fromZeroUp } } : {}) },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        space: 84,
        values: (_, times) => times.map(clockFor(times)),
      },
      { ...axis, size: 52, gap: 4, space: 28, values: (_, values) => values.map(value) },
    ],
  };
}

/** Points and bars at the ends are drawn whole. */
function withMargin(_: uPlot, min: number, max: number): uPlot.Range.MinMax {
  const margin = Math.max(1, (max - min) * 0.02);
  return [min - margin, max + margin];
}

function fromZeroUp(_: uPlot, __: number, max: number): uPlot.Range.MinMax {
  return [0, Math.max(1, max * 1.1)];
}

/** The time of day, with seconds where the divisions are less than a minute apart. */
function clockFor([first = 0, second = first + 60]: number[]): (seconds: number) => string {
  const second2Digit = second - first < 60 ? ({ second: "2-digit" } as const) : {};
  return (seconds) =>
    new Date(seconds * 1000).toLocaleTimeString("en-GB", {
      hour: "2-digit",
      minute: "2-digit",
      ...second2Digit,
    });
}
