import { useEffect, useState } from "preact/hooks";
import type { ConsoleState } from "../state/state.js";
import { useStore } from "../state/store.js";

/** How often summaries over all jobs are made anew, in ms. */
const CALM_MS = 1_000;

/** Something costly made from the state, at most once a second, however often the state changes. */
export function useCalmly<T>(make: (state: ConsoleState) => T): T {
  const store = useStore();
  const [made, setMade] = useState(() => make(store.state));
  useEffect(() => {
    let seen = store.state.jobs;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const renew = () => {
      timer = undefined;
      seen = store.state.jobs;
      setMade(make(store.state));
    };
    const look = () => {
      if (store.state.jobs !== seen) {
        timer ??= setTimeout(renew, seen.size === 0 ? 0 : CALM_MS);
      }
    };
    const unsubscribe = store.subscribe(look);
    renew();
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [store, make]);
  return made;
}
