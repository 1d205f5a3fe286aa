import { useEffect, useState } from "preact/hooks";
import type { ConsoleState, Link } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";

const selectLink = (state: ConsoleState) => state.link;

/** Whether what is shown is the present. */
export function LinkStatus() {
  const link = useConsole(selectLink);
  return (
    <div class={`link link-${link.state}`} role="status">
      <span class="dot" aria-hidden="true" />
      <LinkText link={link} />
    </div>
  );
}

function LinkText({ link }: { link: Link }) {
  const controls = useControls();
  switch (link.state) {
    case "connecting":
      return <>Connecting</>;
    case "open":
      return <>Live</>;
    case "waiting":
      return (
        <>
          Offline, retry in <Countdown until={link.retryAt} />
          <button type="button" class="textual" onClick={() => controls.reconnect()}>
            Retry now
          </button>
        </>
      );
  }
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <span class="figure">{Math.max(0, Math.ceil((until - now) / 1000))} s</span>;
}
