/** Longest piece that is spoken in one go, in characters: the next one is made while it is heard. */
const MAX_PIECE = 240;
/** A first piece longer than this, in characters, is cut where the speaker would breathe. */
const MAX_FIRST_PIECE = 90;

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/**
 * The pieces in which a text is spoken: its sentences, and of a long one the parts between its commas,
 * so that the first is heard soon and none takes long.
 */
export function sentences(text: string): string[] {
  const pieces: string[] = [];
  for (const { segment } of segmenter.segment(text.replace(/\s+/g, " "))) {
    let rest = segment.trim();
    while (rest.length > limit(pieces)) {
      const at = breath(rest, limit(pieces));
      pieces.push(rest.slice(0, at).trim());
      rest = rest.slice(at).trim();
    }
    pieces.push(rest);
  }
  return pieces.filter((piece) => /[\p{L}\p{N}]/u.test(piece));
}

function limit(pieces: readonly string[]): number {
  return pieces.length === 0 ? MAX_FIRST_PIECE : MAX_PIECE;
}

/** Where to cut a text at most so long: behind the last comma or the like, else at the last space. */
function breath(text: string, longest: number): number {
  const head = text.slice(0, longest);
  const comma = Math.max(...[", ", "; ", ": ", " - "].map((mark) => head.lastIndexOf(mark)));
  if (comma > longest / 4) {
    return comma + 2;
  }
  const space = head.lastIndexOf(" ");
  return space > 0 ? space + 1 : longest;
}
