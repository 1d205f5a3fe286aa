import { Closers } from "../closers.js";

/** Returns the exit code. */
type Main = (signal: AbortSignal, closers: Closers) => Promise<number>;

/**
 * Runs a program until it ends or Ctrl-C is pressed: `main` is told by its signal and returns, what it
 * gave to `closers` is closed, and only then does the process end. A second Ctrl-C ends it at once.
 */
export async function runProgram(main: Main): Promise<void> {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (interrupted.signal.aborted) {
        process.exit(130);
      }
      interrupted.abort(new Error("Interrupted."));
    });
  }
  try {
    process.exitCode = await mainThenClose(main, interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  }
}

async function mainThenClose(main: Main, signal: AbortSignal): Promise<number> {
  const closers = new Closers();
  try {
    return await main(signal, closers);
  } finally {
    await closers.close();
  }
}
