import { setTimeout as pause } from "node:timers/promises";
import type { Lease, Leases, RefusalReason } from "./Lease.js";

/** First and longest pause between two attempts, in ms. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * Asks for a user until it is granted; `undefined` once `signal` is aborted. Each refusal is told to
 * `onRefused`.
 */
export async function acquire(
  leases: Leases,
  user: string,
  signal: AbortSignal,
  onRefused: (why: RefusalReason) => void = () => {},
): Promise<Lease | undefined> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const attempt = await leases.attempt(user);
    if (attempt.state === "granted") {
      return await unlessAborted(attempt.lease, signal);
    }
    onRefused(attempt.why);
    await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {});
  }
  return undefined;
}

async function unlessAborted(lease: Lease, signal: AbortSignal): Promise<Lease | undefined> {
  if (!signal.aborted) {
    return lease;
  }
  await lease.release();
  return undefined;
}
