import uPlot from "uplot";
import { Panel } from "../components/Panel.js";
import { useCalmly } from "../components/use-calmly.js";
import { formatDifference, formatDuration } from "../format.js";
import type { ConsoleState } from "../state/state.js";
import { Chart, type ChartProps, type Colours } from "./Chart.js";
import { type Columns, differenceColumns, endingColumns, latencyColumns, quantile } from "./chart-data.js";

const makeColumns = ({ jobs }: ConsoleState) => {
  const all = [...jobs.values()];
  return {
    latency: latencyColumns(all),
    endings: endingColumns(all),
    difference: differenceColumns(all),
  };
};

/** What the jobs listed have in common. */
export function Charts() {
  const { latency, endings, difference } = useCalmly(makeColumns);
  return (
    <Panel name="charts" title="Charts" views={["charts"]}>
      <ChartCard
        title="Time to first sound"
        figures={spread(latency, formatDuration)}
        empty="No job has been heard yet."
        data={latency}
        series={points}
        value={formatDuration}
        fromZero
      />
      <ChartCard
        title="Endings and failures"
        figures={failedShare(endings)}
        empty="No job has ended yet."
        data={endings}
        series={endingSeries}
        value={wholeNumber}
        fromZero
      />
      <ChartCard
        title="Room − device"
        figures={spread(difference, formatDifference)}
        empty="Nothing to compare yet: a job that an app plays is heard both in the room and on the device."
        data={difference}
        series={points}
        value={formatDifference}
      />
    </Panel>
  );
}

interface ChartCardProps extends Omit<ChartProps, "summary"> {
  title: string;
  /** The chart in a few words. */
  figures: string;
  /** Said instead of a chart without a point. */
  empty: string;
}

function ChartCard({ title, figures, empty, ...chart }: ChartCardProps) {
  return (
    <figure class="chart-card">
      <figcaption>
        {title} <span class="figure muted">{figures}</span>
      </figcaption>
      {chart.data[0].length === 0 ? (
        <p class="chart-empty muted">{empty}</p>
      ) : (
        <Chart summary={`${title}: ${figures}`} {...chart} />
      )}
    </figure>
  );
}

function points(colours: Colours): uPlot.Series[] {
  return [
    {
      stroke: colours("--accent"),
      paths: () => null,
      points: { show: true, size: 4, fill: colours("--accent"), width: 0 },
    },
  ];
}

const bars = uPlot.paths.bars?.({ size: [0.8, 24] });

function endingSeries(colours: Colours): uPlot.Series[] {
  return [colours("--quiet-fill"), colours("--bad")].map((fill) => ({
    fill,
    stroke: fill,
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  }));
}

function spread([, values = []]: Columns, write: (value: number) => string): string {
  const [half, most] = [quantile(values, 0.5), quantile(values, 0.95)];
  return half === undefined || most === undefined ? "" : `p50 ${write(half)}, p95 ${write(most)}`;
}

function failedShare([, ended = [], failed = []]: Columns): string {
  const all = sum(ended);
  return all === 0 ? "" : `${sum(failed)} of ${all.toLocaleString("en-US")} failed`;
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function wholeNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : "";
}
