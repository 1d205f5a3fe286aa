/** One environment variable, as a program tells of it. */
export interface SettingRow {
  readonly name: string;
  readonly meaning: string;
  /** May come from the file that `NAME_FILE` names. */
  readonly fromFile: boolean;
}

/** Reads the settings out of the bridge's `--help`. */
export function readBridgeSettings(help: string): SettingRow[] {
  const [, list = ""] = help.split("\nEnvironment:\n");
  return [...list.matchAll(/^ {2}([A-Z_]+) +(.*)$/gm)].map(([, name = "", text = ""]) => {
    const meaning = text.replace(/ \(or \w+_FILE names a file with it\)$/, "");
    return { name, meaning, fromFile: meaning !== text };
  });
}

/** docs/configuration.md: every setting of both sides. */
export function settingsPage(cloud: readonly SettingRow[], bridge: readonly SettingRow[]): string {
  return `# Configuration

<!-- Made from the code by \`make docs\`; do not edit. -->

Everything is set by environment variables. Both programs read them once, when they start, and then report every
mistake at once, each with its fix; \`server-playback check-config\` does so without starting anything. What is
marked as a secret may come from a file instead: \`NAME_FILE\` names it. A default is given in brackets at the end.

## The cloud

${table(cloud)}

## The bridge

${table(bridge)}

## Traces

Both sides send traces where OpenTelemetry's standard variables name an endpoint
(\`OTEL_EXPORTER_OTLP_ENDPOINT\` or \`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\`), and none otherwise.
`;
}

function table(rows: readonly SettingRow[]): string {
  const lines = rows.map(
    ({ name, meaning, fromFile }) =>
      `| \`${name}\` | ${meaning.replaceAll("|", "\\|")} | ${fromFile ? "secret" : ""} |`,
  );
  return ["| variable | meaning | |", "|---|---|---|", ...lines].join("\n");
}
