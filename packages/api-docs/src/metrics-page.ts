/** One metric, as Prometheus' text format tells of it. */
export interface MetricRow {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * Reads the metrics out of Prometheus' text exposition format, version 0.0.4: `# HELP`, `# TYPE`, and
 * the labels of the samples in between.
 */
export function readMetrics(text: string): MetricRow[] {
  const rows = new Map<string, { name: string; type: string; help: string; labels: Set<string> }>();
  let current: { labels: Set<string> } | undefined;
  for (const line of text.split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind !== undefined) {
      const row = rows.get(name) ?? { name, type: "", help: "", labels: new Set<string>() };
      rows.set(name, { ...row, ...(kind === "HELP" ? { help: rest } : { type: rest }) });
      current = row;
    } else {
      for (const [, label = ""] of line.matchAll(/[{,](\w+)="/g)) {
        current?.labels.add(label);
      }
    }
  }
  return [...rows.values()].map((row) => ({
    ...row,
    labels: [...row.labels].filter((label) => label !== "le"),
  }));
}

/** Metrics of the runtime, the same in every program of its language. */
const ofTheRuntime = /^(go_|process_|nodejs_|promhttp_)/;

/** docs/metrics.md: one table of what both sides tell. */
export function metricsPage(cloud: string, bridge: string): string {
  const rows = [
    ...readMetrics(cloud).map((row) => tableRow("cloud", row)),
    ...readMetrics(bridge)
      .filter(({ name }) => !ofTheRuntime.test(name))
      .map((row) => tableRow("bridge", row)),
  ];
  return `# Metrics

<!-- Made from the code by \`make docs\`; do not edit. -->

Both the cloud and the bridge serve them at \`/metrics\`, as Prometheus text. No label holds a user, a room, a
request or a URL: the number of series does not grow with use. Beside these there are the usual ones of Node
(\`nodejs_…\`, \`process_…\`) and Go (\`go_…\`, \`process_…\`). A unit is part of the name: \`_ms\` is
milliseconds, \`_seconds\` seconds. [\`deploy/prometheus/alerts.yaml\`](../deploy/prometheus/alerts.yaml) and
[\`deploy/grafana/dashboard.json\`](../deploy/grafana/dashboard.json) are built on them.

| metric | of | type | labels | meaning |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function tableRow(side: string, { name, type, help, labels }: MetricRow): string {
  return `| \`${name}\` | ${side} | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
}
