import { runCommandLine, type Terminal } from "./cli.js";

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupt.abort()); // a second one ends the process at once
}

/** Bytes that take the cursor to the line's beginning and clear it (ECMA-48: CR, EL). */
const CLEAR_LINE = "\r\u001b[K";

const terminal: Terminal = {
  env: process.env,
  signal: interrupt.signal,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  status: (text) => {
    if (process.stderr.isTTY) {
      process.stderr.write(`${CLEAR_LINE}${text}`);
    }
  },
};

process.stdout.on("error", () => process.exit(1)); // `| head` has seen enough
process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
