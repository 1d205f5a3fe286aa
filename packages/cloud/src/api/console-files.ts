import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Where `make` builds the page. */
export const builtConsole = fileURLToPath(new URL("../../../console/dist/", import.meta.url));

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

/** An answer to a request under `/console`. */
export interface FileReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** The built console page, as files. It loads nothing of another host, and talks to LiveKit and this server. */
export class ConsoleFiles {
  readonly #root: string;
  readonly #policy: string;

  /** @param liveKitUrl where a page finds the LiveKit server, as a ws(s) URL */
  constructor(root: string, liveKitUrl?: string) {
    this.#root = path.resolve(root);
    this.#policy = policy(liveKitUrl);
  }

  /** @param requestPath the URL's path without its query, `/console` or below it */
  async answer(requestPath: string): Promise<FileReply> {
    if (requestPath === "/console") {
      return { status: 308, headers: { location: "/console/" }, body: "" };
    }
    const name = this.#fileName(requestPath.slice("/console/".length));
    const file = name === undefined ? undefined : await read(path.join(this.#root, name));
    if (name !== undefined && file !== undefined) {
      return { status: 200, headers: this.#headers(name), body: file };
    }
    return (await read(path.join(this.#root, "index.html"))) === undefined
      ? text(503, "The console is not built: run `make build`.\n")
      : text(404, "There is no such file in the console.\n");
  }

  /** A path inside the folder, without a hidden part; `undefined` for every other one. */
  #fileName(encoded: string): string | undefined {
    const name = decode(encoded === "" ? "index.html" : encoded);
    const parts = name?.split("/") ?? [""];
    const isPlain = parts.every((part) => part !== "" && !part.startsWith(".") && !/[\\\0:]/.test(part));
    return isPlain ? name : undefined;
  }

  #headers(name: string): Record<string, string> {
    const isHashed = name.startsWith("assets/"); // vite puts a hash of the content into these names
    return {
      "content-type": contentTypes[path.extname(name)] ?? "application/octet-stream",
      "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": this.#policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    };
  }
}

/** https://www.w3.org/TR/CSP3/ */
function policy(liveKitUrl: string | undefined): string {
  return [
    "default-src 'self'",
    `connect-src ${["'self'", ...liveKitSources(liveKitUrl)].join(" ")}`,
    "media-src 'self' blob:",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The client opens a socket and, when that fails, asks by HTTP why; LiveKit Cloud sends it to a region's host. */
function liveKitSources(liveKitUrl: string | undefined): string[] {
  if (liveKitUrl === undefined) {
    return [];
  }
  const { protocol, host, hostname } = new URL(liveKitUrl);
  const web = protocol.replace("ws", "http");
  const regions = hostname.endsWith(".livekit.cloud")
    ? [`${protocol}//*.livekit.cloud`, `${web}//*.livekit.cloud`]
    : [];
  return [`${protocol}//${host}`, `${web}//${host}`, ...regions];
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch {
    return undefined; // not there, or a folder
  }
}

function text(status: number, body: string): FileReply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
