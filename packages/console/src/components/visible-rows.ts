/** Rows drawn above and below what is seen, so that scrolling shows no gap. */
const overscan = 6;

export interface VisibleRows {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Which of `count` rows of `rowHeight` px are to be drawn in a window of `height` px at `scrollTop`. */
export function visibleRows(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): VisibleRows {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const shown = Math.ceil(height / rowHeight) + 1;
  const to = Math.min(count, first + shown + overscan);
  return { from: Math.max(0, Math.min(first - overscan, to)), to };
}

/** Where to scroll so that a row is seen; where it is already, if it is. */
export function scrollToRow(row: number, rowHeight: number, scrollTop: number, height: number): number {
  const top = row * rowHeight;
  return Math.min(top, Math.max(scrollTop, top + rowHeight - height));
}
