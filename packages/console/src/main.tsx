import { render } from "preact";
import { App } from "./App.js";
import { ApiClient } from "./api/client.js";
import { storedToken } from "./api/token.js";
import { Controls } from "./Controls.js";
import { ControlsContext } from "./components/controls-context.js";
import { applyTheme } from "./components/theme.js";
import { Store, StoreContext } from "./state/store.js";
import "uplot/dist/uPlot.min.css";
import "./styles/index.css";

const store = new Store();
const controls = new Controls(store, new ApiClient(storedToken.get));
const place = document.getElementById("console");
if (place === null) {
  throw new Error("The page has no place for the console.");
}
applyTheme();
render(
  <StoreContext.Provider value={store}>
    <ControlsContext.Provider value={controls}>
      <App />
    </ControlsContext.Provider>
  </StoreContext.Provider>,
  place,
);
addEventListener("online", () => controls.reconnect());
void controls.start();
