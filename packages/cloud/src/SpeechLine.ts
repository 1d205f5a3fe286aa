import type { BridgeClientEvents } from "@server-playback/bridge-client";
import type { BridgeCommand } from "@server-playback/protocol";
import type { BridgeConnection } from "./BridgeLink.js";
import type { PcmLine } from "./SpeechPlayer.js";

/**
 * A connection for one speech that outlives a cut: what could not be sent is sent when the bridge is there
 * again and knows the session. When it does not, `signal` fires and the speech begins elsewhere.
 */
export class SpeechLine implements PcmLine {
  readonly #reopen: () => Promise<BridgeConnection>;
  readonly #signal: AbortSignal;
  /** Set up anew on each connection. */
  readonly #listening = new Set<{ listen: () => void }>();
  #connection: BridgeConnection;
  /** The way back after a cut, while it takes. */
  #return: Promise<void> | undefined;
  /** `start_pcm`, which may be lost in a cut; said again it is the same play. */
  #start: BridgeCommand | undefined;

  constructor(connection: BridgeConnection, reopen: () => Promise<BridgeConnection>, signal: AbortSignal) {
    this.#connection = connection;
    this.#reopen = reopen;
    this.#signal = signal;
    this.#follow(connection);
  }

  send(command: BridgeCommand): void {
    if (this.#start === undefined) {
      this.#connection.send(command);
      this.#start = command;
      return;
    }
    this.#try(async (connection) => connection.send(command)).catch(() => {}); // the bridge is lost: the job is told
  }

  sendPcm(pcm: Uint8Array): Promise<void> {
    return this.#try((connection) => connection.sendPcm(pcm));
  }

  on<Name extends keyof BridgeClientEvents>(
    name: Name,
    listener: (event: BridgeClientEvents[Name]) => void,
  ): () => void {
    let stop = this.#connection.on(name, listener);
    const entry = {
      listen: () => {
        stop();
        stop = this.#connection.on(name, listener);
      },
    };
    this.#listening.add(entry);
    return () => {
      this.#listening.delete(entry);
      stop();
    };
  }

  async #try(send: (connection: BridgeConnection) => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        return await send(this.#connection);
      } catch (error) {
        if (this.#connection.isOpen) {
          throw error;
        }
        this.#return ??= this.#again();
        await this.#return;
      }
    }
  }

  /** Also while nothing is to be sent: what the bridge tells is waited for. */
  #follow(connection: BridgeConnection): void {
    connection.on("close", () => {
      if (!this.#signal.aborted) {
        this.#return ??= this.#again();
        this.#return.catch(() => {}); // told to those who send
      }
    });
  }

  async #again(): Promise<void> {
    this.#connection = await this.#reopen();
    this.#return = undefined;
    if (this.#signal.aborted) {
      return; // it is another bridge's, or the play is over
    }
    this.#follow(this.#connection);
    for (const { listen } of this.#listening) {
      listen();
    }
    if (this.#start !== undefined) {
      this.#connection.send(this.#start);
    }
  }
}
