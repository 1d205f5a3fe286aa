/**
 * The row that a key leads to in a list of `count` rows, or undefined if the key is none for lists.
 * @param selected the row now; -1 for none
 * @param page rows of a page
 */
export function moveSelection(
  key: string,
  selected: number,
  count: number,
  page: number,
): number | undefined {
  const moved = {
    ArrowDown: selected + 1,
    ArrowUp: selected - 1,
    PageDown: selected + page,
    PageUp: selected - page,
    Home: 0,
    End: count - 1,
  }[key];
  return moved === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, moved));
}
