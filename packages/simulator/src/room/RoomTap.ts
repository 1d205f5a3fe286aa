import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Closable } from "../closers.js";
import { RoomListener } from "./RoomListener.js";
import { TapRecordSchema } from "./tap-records.js";

/** How long the process may take to leave its rooms, in ms. */
const END_TIMEOUT_MS = 5_000;

/** The process that listens in rooms at packet level; any number of listeners share one. */
export class RoomTap implements Closable {
  readonly #child: ChildProcess;
  readonly #listeners = new Map<string, RoomListener>();
  #next = 1;
  #closed: Promise<void> | undefined;

  constructor(bin: string) {
    this.#child = spawn(bin, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.once("exit", () => this.#failAll("The room listener's process ended."));
    this.#child.once("error", (error) => this.#failAll(`The room listener cannot run: ${error.message}`));
    this.#child.stdin?.on("error", () => {}); // followed by "exit"
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", (line) => this.#receive(line));
    }
  }

  /** Joins a room and listens; resolves when it has joined. */
  async listen(room: { url: string; token: string }): Promise<RoomListener> {
    const name = `l${this.#next++}`;
    const listener = new RoomListener(name, () => this.#send({ leave: name }));
    this.#listeners.set(name, listener);
    this.#send({ listen: name, url: room.url, token: room.token });
    await listener.joined();
    return listener;
  }

  /** Leaves every room and ends the process. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) {
      return;
    }
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    const force = setTimeout(() => this.#child.kill("SIGKILL"), END_TIMEOUT_MS);
    await exited;
    clearTimeout(force);
  }

  #send(command: object): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  #receive(line: string): void {
    const record = TapRecordSchema.parse(JSON.parse(line));
    if (record.type === "dropped") {
      this.#failAll(`This process read too slowly: ${record.count} packets were not told.`);
      return;
    }
    const listener = record.id === undefined ? undefined : this.#listeners.get(record.id);
    listener?.receive(record);
    if (record.type === "left" || record.type === "join_failed") {
      this.#listeners.delete(record.id);
    }
  }

  #failAll(why: string): void {
    for (const listener of this.#listeners.values()) {
      listener.fail(new Error(why));
    }
  }
}
