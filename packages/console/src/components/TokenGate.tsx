import type { TargetedSubmitEvent } from "preact";
import type { Access } from "../state/state.js";
import { useControls } from "./controls-context.js";

/** Stands before the console until the API lets the page in. */
export function TokenGate({ access }: { access: Exclude<Access, { state: "open" }> }) {
  switch (access.state) {
    case "checking":
      return <p class="gate-note">Asking the cloud…</p>;
    case "off":
      return (
        <div class="gate" role="alert">
          <h2>The operators' API is off</h2>
          <p>{access.message}</p>
          <p>
            Set <code>CONSOLE_TOKEN</code> for the cloud, start it again and reload this page.
          </p>
        </div>
      );
    case "token_needed":
      return <TokenForm refused={access.refused} />;
  }
}

function TokenForm({ refused }: { refused: boolean }) {
  const controls = useControls();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get("token");
    if (typeof token === "string" && token.trim() !== "") {
      void controls.submitToken(token.trim());
    }
  };
  return (
    <form class="gate" onSubmit={submit}>
      <h2>Token</h2>
      <p id="token-help">
        The value of <code>CONSOLE_TOKEN</code> in the cloud's environment. It is kept for this tab only.
      </p>
      {refused && (
        <p class="bad" role="alert">
          That token was refused. Compare it with the cloud's environment, then try again.
        </p>
      )}
      <input
        name="token"
        type="password"
        autocomplete="off"
        aria-label="Token"
        aria-describedby="token-help"
        required
        autofocus
      />
      <button type="submit" class="primary">
        Continue
      </button>
    </form>
  );
}
