const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;

/**
 * How long to wait before the next attempt, in ms: doubled each time up to a bound, and spread over its
 * upper half, so that a hundred pages do not come back at once.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS);
  return longest / 2 + (random() * longest) / 2;
}
