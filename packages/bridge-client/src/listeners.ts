/** Listeners of a fixed set of events, by name. Unlike an EventEmitter, `error` is an event like any other. */
export class Listeners<Events extends Record<string, unknown>> {
  readonly #byName = new Map<keyof Events, Set<(event: never) => void>>();

  /** Adds a listener and returns what removes it again. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Calls the listeners there were at this moment, in the order in which they came. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      (listener as (event: Events[Name]) => void)(event);
    }
  }

  clear(): void {
    this.#byName.clear();
  }
}
