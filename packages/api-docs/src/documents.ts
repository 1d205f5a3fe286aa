import { asyncApi } from "./asyncapi.js";
import { openApi } from "./openapi.js";
import { httpPage, socketsPage } from "./pages.js";

/** Every generated document of the wires, by its path in the repository. */
export function wireDocuments(): Record<string, string> {
  return {
    "docs/api/openapi.json": pretty(openApi()),
    "docs/api/asyncapi.json": pretty(asyncApi()),
    "docs/api/http.md": httpPage(),
    "docs/api/sockets.md": socketsPage(),
  };
}

function pretty(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
