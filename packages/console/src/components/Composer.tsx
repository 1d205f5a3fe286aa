import type { TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Others } from "../Controls.js";
import { readDropped, readPlayText } from "../play-text.js";
import { type Layer, layerNames } from "../state/selectors.js";
import type { ConsoleState } from "../state/state.js";
import { useConsole } from "../state/store.js";
import { useControls } from "./controls-context.js";
import { Icon } from "./Icon.js";
import { Segments } from "./Segments.js";

const sampleSentence = "Good morning. This is the server speaking.";
const speechLayer: Layer = 2;
const selectSessions = (state: ConsoleState) => state.sessions;
const selectUser = (state: ConsoleState) => state.userId;
const layers = layerNames.map((label, value) => ({ value: value as Layer, label }));
const others: readonly { value: Others; label: string; title: string }[] = [
  { value: "replace", label: "Replace", title: "Stop what plays, then play this" },
  { value: "mix", label: "Mix", title: "Play over what plays" },
  { value: "queue", label: "Queue", title: "Play after what plays" },
];

/** Where a person says what is to be heard. */
export function Composer() {
  const controls = useControls();
  const userId = useConsole(selectUser);
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [chosenLayer, setChosenLayer] = useState<Layer | undefined>();
  const [other, setOther] = useState<Others>("replace");
  const [loop, setLoop] = useState(false);
  const [busy, setBusy] = useState(false);
  const what = readPlayText(typed);
  const layer = chosenLayer ?? (what.kind === "speech" ? speechLayer : 0);
  const dropping = useDrop((text) => {
    setTyped(text);
    input.current?.focus();
  });

  const play = async () => {
    setBusy(true);
    await controls.play({ typed, layer, others: other, loop });
    setBusy(false);
  };
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    void play();
  };
  return (
    <form
      class={`composer ${dropping ? "dropping" : ""}`}
      onSubmit={submit}
      data-views="play"
      aria-label="Play"
    >
      <div class="composer-line">
        <input
          ref={input}
          id="what"
          class="composer-input"
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          placeholder="A URL of a sound, or a sentence to say"
          aria-label="A URL of a sound, or a sentence to say"
          autocomplete="off"
          spellcheck={false}
          maxLength={4096}
        />
        {typed === "" ? (
          <button type="button" class="textual" onClick={() => setTyped(sampleSentence)}>
            Try a sentence
          </button>
        ) : (
          <output class="kind" for="what">
            {{ empty: "", url: "URL", speech: "Speech" }[what.kind]}
          </output>
        )}
        <button
          type="submit"
          class="primary"
          disabled={busy || what.kind === "empty" || userId === undefined}
        >
          <Icon name="play" />
          {busy ? "Asking…" : "Play"}
        </button>
      </div>
      <div class="composer-options">
        <Target />
        <Segments legend="Layer" options={layers} value={layer} onChange={setChosenLayer} />
        <Segments legend="Others" options={others} value={other} onChange={setOther} />
        <label class="check">
          <input
            type="checkbox"
            checked={loop}
            onChange={({ currentTarget }) => setLoop(currentTarget.checked)}
          />
          Loop
        </label>
      </div>
    </form>
  );
}

/** Whose room hears it. */
function Target() {
  const controls = useControls();
  const sessions = useConsole(selectSessions);
  const userId = useConsole(selectUser);
  return (
    <label class="target">
      <span class="legend">To</span>
      <select
        value={userId ?? ""}
        disabled={sessions.size === 0}
        onChange={({ currentTarget }) => controls.selectUser(currentTarget.value)}
      >
        {sessions.size === 0 && <option value="">no session yet</option>}
        {[...sessions.keys()].map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Takes a URL dropped anywhere on the page. */
function useDrop(onText: (text: string) => void): boolean {
  const controls = useControls();
  const [over, setOver] = useState(false);
  const take = useRef(onText);
  take.current = onText;
  useEffect(() => {
    const drag = (event: DragEvent) => {
      event.preventDefault();
      setOver(event.type === "dragover");
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      const text = readDropped(
        event.dataTransfer?.getData("text/uri-list") ?? "",
        event.dataTransfer?.getData("text/plain") ?? "",
      );
      if (text !== "") {
        take.current(text);
      } else if ((event.dataTransfer?.files.length ?? 0) > 0) {
        controls.notify("error", "A file cannot be played from here: give a URL that the bridge can reach.");
      }
    };
    const listening = new AbortController();
    const { signal } = listening;
    document.addEventListener("dragover", drag, { signal });
    document.addEventListener("dragleave", drag, { signal });
    document.addEventListener("drop", drop, { signal });
    return () => listening.abort();
  }, [controls]);
  return over;
}
