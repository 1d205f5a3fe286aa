/** A length of time as people read it: `1:05.3`. */
export function clock(ms: number): string {
  const seconds = ms / 1000;
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - minutes * 60).toFixed(1).padStart(4, "0")}`;
}

/** Rows as columns of the same width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A bar of how far something is, `[####    ]`. */
export function bar(part: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * width);
  return `[${"#".repeat(filled)}${" ".repeat(width - filled)}]`;
}
