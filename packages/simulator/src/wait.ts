/** Thrown when what was waited for did not come in time. */
export class WaitTimeoutError extends Error {
  override readonly name = "WaitTimeoutError";
}

/** How long waits last unless set, in ms: far beyond what a healthy part needs, on a slow machine too. */
export const WAIT_MS = 15_000;

interface Waiter {
  /** Looks at the present state; true when the wait is over. */
  check(): boolean;
  fail(error: Error): void;
}

/** Waits for states that some event source brings about. Its owner calls {@link check} after each event. */
export class Waiters {
  readonly #waiters = new Set<Waiter>();
  #failure: Error | undefined;

  /**
   * Resolves with the first value of `look` that is not undefined.
   * @throws {WaitTimeoutError} after `timeoutMs`
   */
  until<T>(what: string, look: () => T | undefined, timeoutMs = WAIT_MS): Promise<T> {
    const found = look();
    if (found !== undefined) {
      return Promise.resolve(found);
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        check: () => {
          const value = look();
          if (value === undefined) {
            return false;
          }
          end();
          resolve(value);
          return true;
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const late = () => waiter.fail(new WaitTimeoutError(`${what}: nothing within ${timeoutMs} ms.`));
      const timer = setTimeout(late, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  /** Looks again on behalf of everyone who waits. */
  check(): void {
    for (const waiter of [...this.#waiters]) {
      waiter.check();
    }
  }

  /** Nothing more will come: fails every wait, present and future. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of [...this.#waiters]) {
      waiter.fail(error);
    }
  }
}

/** Resolves when `probe` does, tried every `everyMs`; the last failure is part of the error. */
export async function poll(
  what: string,
  probe: () => Promise<void>,
  {
    timeoutMs = WAIT_MS,
    everyMs = 50,
    signal,
  }: { timeoutMs?: number; everyMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() >= deadline) {
        throw new WaitTimeoutError(`${what}: not within ${timeoutMs} ms (${String(error)}).`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
