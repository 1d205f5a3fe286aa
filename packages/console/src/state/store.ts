import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { type Action, reduce } from "./reducer.js";
import { type ConsoleState, initialState } from "./state.js";

/** The one place that holds the state; it changes by actions only. */
export class Store {
  #state: ConsoleState = initialState;
  readonly #listeners = new Set<() => void>();

  get state(): ConsoleState {
    return this.#state;
  }

  dispatch(action: Action): void {
    this.#state = reduce(this.#state, action);
    for (const listener of this.#listeners) {
      listener();
    }
  }

  /** Calls the listener after each action until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

export const StoreContext = createContext(new Store());

export function useStore(): Store {
  return useContext(StoreContext);
}

/** What a component needs of the state: it is drawn again when that changes, and only then. */
export function useConsole<T>(select: (state: ConsoleState) => T): T {
  const store = useStore();
  const selected = select(store.state);
  const [, setSeen] = useState({ selected });
  useEffect(() => {
    let last = select(store.state);
    const look = () => {
      const next = select(store.state);
      if (!Object.is(next, last)) {
        last = next;
        setSeen({ selected: next });
      }
    };
    look();
    return store.subscribe(look);
  }, [store, select]);
  return selected;
}
