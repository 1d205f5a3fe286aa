/**
 * Runs a program until it ends or Ctrl-C is pressed: `main` is told by its signal, lets go of what it
 * holds, and only then does the process end. A second Ctrl-C ends it at once.
 */
export async function runProgram(main: (signal: AbortSignal) => Promise<number>): Promise<void> {
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
    process.exitCode = await main(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  }
}
