import type { ComponentChildren } from "preact";
import uPlot from "uplot";
import { Panel } from "../components/Panel.js";
import { useCalmly } from "../components/use-calmly.js";
import { formatDifference, formatDuration } from "../format.js";
import type { ConsoleState } from "../state/state.js";
import { Chart, type Colours } from "./Chart.js";
import { differenceColumns, endingColumns, latencyColumns, quantile } from "./chart-data.js";

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
      <ChartCard title="Time to first sound" figures={spread(latency[1] ?? [], formatDuration)}>
        <Chart
          summary={`Time to first sound: ${spread(latency[1] ?? [], formatDuration)}`}
          data={latency}
          series={points}
          value={formatDuration}
          fromZero
        />
      </ChartCard>
      <ChartCard title="Endings and failures" figures={failedShare(endings[1] ?? [], endings[2] ?? [])}>
        <Chart
          summary={`Endings: ${failedShare(endings[1] ?? [], endings[2] ?? [])}`}
          data={endings}
          series={endingSeries}
          value={wholeNumber}
          fromZero
        />
      </ChartCard>
      <ChartCard title="Room − device" figures={spread(difference[1] ?? [], formatDifference)}>
        <Chart
          summary={`Room minus device duration: ${spread(difference[1] ?? [], formatDifference)}`}
          data={difference}
          series={points}
          value={formatDifference}
        />
      </ChartCard>
    </Panel>
  );
}

function ChartCard({
  title,
  figures,
  children,
}: {
  title: string;
  figures: string;
  children: ComponentChildren;
}) {
  return (
    <figure class="chart-card">
      <figcaption>
        {title} <span class="figure muted">{figures}</span>
      </figcaption>
      {children}
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

function spread(values: readonly (number | null)[], write: (value: number) => string): string {
  const [half, most] = [quantile(values, 0.5), quantile(values, 0.95)];
  return half === undefined || most === undefined ? "none yet" : `p50 ${write(half)}, p95 ${write(most)}`;
}

function failedShare(ended: readonly (number | null)[], failed: readonly (number | null)[]): string {
  const all = sum(ended);
  return all === 0 ? "none yet" : `${sum(failed)} of ${all.toLocaleString("en-US")} failed`;
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function wholeNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : "";
}
