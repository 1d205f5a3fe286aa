import type { BridgeEvent } from "@server-playback/protocol";
import { BridgeClientError } from "./errors.js";

/** How long a wait lasts at most, and what ends it early. */
export interface WaitOptions {
  /** Bound of the wait, in ms. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Looks at each event: a value ends the wait with it, `undefined` lets it go on, a throw fails it. */
export type Answer<T> = (event: BridgeEvent) => T | undefined;

interface Wait {
  offer(event: BridgeEvent): void;
  fail(error: BridgeClientError): void;
}

/** Calls that wait for an event. Each ends once: answered, out of time, aborted, or with the connection. */
export class Waits {
  readonly #waits = new Set<Wait>();

  add<T>(answer: Answer<T>, { timeoutMs, signal }: WaitOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waits.delete(wait);
        settle();
      };
      const fail = (error: unknown) => end(() => reject(error));
      const abort = () => fail(new BridgeClientError("aborted", "The caller gave the call up."));
      const timer = setTimeout(
        () => fail(new BridgeClientError("timeout", `The bridge did not answer within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      const wait: Wait = { fail, offer: (event) => offer(answer, event, end, resolve, fail) };
      this.#waits.add(wait);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) {
        abort();
      }
    });
  }

  offer(event: BridgeEvent): void {
    for (const wait of [...this.#waits]) {
      wait.offer(event);
    }
  }

  failAll(error: BridgeClientError): void {
    for (const wait of [...this.#waits]) {
      wait.fail(error);
    }
  }
}

function offer<T>(
  answer: Answer<T>,
  event: BridgeEvent,
  end: (settle: () => void) => void,
  resolve: (value: T) => void,
  fail: (error: unknown) => void,
): void {
  try {
    const value = answer(event);
    if (value !== undefined) {
      end(() => resolve(value));
    }
  } catch (error) {
    fail(error);
  }
}
