/**
 * Keeps account of every timer that is set and neither cleared nor fired. Timers of the runtime's
 * own fetch do not count: it keeps its connections for a while, whoever used them.
 */
export class TimerLedger {
  readonly #real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  readonly #live = new Map<unknown, string>();

  constructor() {
    const { setTimeout, clearTimeout, setInterval, clearInterval } = this.#real;
    const open = (timer: unknown) => this.#live.set(timer, new Error().stack ?? "");
    const cleared = (clear: (timer: never) => void) => (timer: never) => {
      this.#live.delete(timer);
      clear(timer);
    };
    const timeout = (act: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setTimeout(() => {
        this.#live.delete(timer);
        act(...args);
      }, ms);
      open(timer);
      return timer;
    };
    const interval = (act: () => void, ms?: number) => {
      const timer = setInterval(act, ms);
      open(timer);
      return timer;
    };
    Object.assign(globalThis, {
      setTimeout: timeout,
      setInterval: interval,
      clearTimeout: cleared(clearTimeout as (timer: never) => void),
      clearInterval: cleared(clearInterval as (timer: never) => void),
    });
  }

  /** Where each timer that is still live was set. */
  get live(): string[] {
    return [...this.#live.values()].filter((stack) => !stack.includes("node:internal/deps/undici"));
  }

  restore(): void {
    Object.assign(globalThis, this.#real);
  }
}
