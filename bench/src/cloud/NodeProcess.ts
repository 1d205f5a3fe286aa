import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { residentBytes } from "../process.js";

/** How long a process may take to say something that is waited for, in ms. */
const SAY_TIMEOUT_MS = 15_000;

/** A Node process that can be told to collect its garbage, so that what is left is what it holds. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};

  constructor(script: string, env: Readonly<Record<string, string>>) {
    const { PATH } = process.env;
    this.#child = spawn(process.execPath, ["--inspect=127.0.0.1:0", script], {
      env: { PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) {
        createInterface({ input: stream }).on("line", (line) => {
          this.#lines.push(line);
          this.#wake();
        });
      }
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the first group of the first line that matches, past ones too. */
  async said(pattern: RegExp): Promise<string> {
    const deadline = performance.now() + SAY_TIMEOUT_MS;
    while (performance.now() < deadline) {
      const found = this.#lines.map((line) => pattern.exec(line)?.[1]).find((text) => text !== undefined);
      if (found !== undefined) {
        return found;
      }
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, 200)),
      ]);
    }
    throw new Error(`The process did not say ${pattern}:\n${this.#lines.slice(-10).join("\n")}`);
  }

  /** Resident memory after a full collection of garbage, in bytes. */
  async heldBytes(): Promise<number> {
    await this.#collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 500)); // pages are given back a little later
    await this.#collectGarbage();
    return residentBytes(this.pid);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
  }

  async #collectGarbage(): Promise<void> {
    const inspector = new WebSocket(await this.said(/^Debugger listening on (ws:\S+)/), {
      perMessageDeflate: false,
    });
    await once(inspector, "open");
    inspector.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    await once(inspector, "message");
    inspector.close();
    await once(inspector, "close");
  }
}
