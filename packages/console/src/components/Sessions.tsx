import type { SessionSummary } from "@server-playback/protocol";
import { formatCount } from "../format.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Panel } from "./Panel.js";

const selectSessions = (state: ConsoleState) => state.sessions;
const selectUser = (state: ConsoleState) => state.userId;
const selectLoaded = (state: ConsoleState) => state.loaded;

/** Each user with the room, the glasses, the apps and the bridge connection. */
export function Sessions() {
  const sessions = useConsole(selectSessions);
  const userId = useConsole(selectUser);
  const loaded = useConsole(selectLoaded);
  return (
    <Panel
      name="sessions"
      title="Sessions"
      views={["sessions"]}
      tools={<span class="count">{sessions.size}</span>}
    >
      {sessions.size === 0 ? (
        <p class="empty">
          {loaded
            ? "No session. One begins when a user's glasses connect; make dev connects a simulated pair."
            : "Waiting for the cloud…"}
        </p>
      ) : (
        <ul class="session-list">
          {[...sessions.values()].map((session) => (
            <SessionItem key={session.userId} session={session} selected={session.userId === userId} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const bridgeWords: Readonly<Record<SessionSummary["bridge"] | "closed", string>> = {
  idle: "bridge idle",
  connecting: "bridge connecting",
  open: "bridge connected",
  resting: "bridge away, resting",
  closed: "bridge closed",
};

function SessionItem({ session, selected }: { session: SessionSummary; selected: boolean }) {
  const controls = useControls();
  const { userId, roomName, glasses, bridge, apps, activeJobs } = session;
  return (
    <li>
      <button
        type="button"
        class="session"
        aria-pressed={selected}
        onClick={() => controls.selectUser(userId)}
      >
        <span class="session-name">{userId}</span>
        {activeJobs > 0 && <span class="badge">{formatCount(activeJobs, "job")}</span>}
        <span class="session-room">{roomName === undefined ? "no room" : roomName}</span>
        <span class="session-parts">
          <Part good={glasses === "connected"} text={`glasses ${glasses}`} />
          <Part good={bridge === "open"} bad={bridge === "resting"} text={bridgeWords[bridge]} />
          {apps.map(({ packageName, connected }) => (
            <Part key={packageName} good={connected} text={`${packageName}${connected ? "" : " (away)"}`} />
          ))}
        </span>
      </button>
    </li>
  );
}

function Part({ good, bad = false, text }: { good: boolean; bad?: boolean; text: string }) {
  return (
    <span class="part">
      <span class={`dot ${good ? "good" : bad ? "bad" : "idle"}`} aria-hidden="true" />
      {text}
    </span>
  );
}
