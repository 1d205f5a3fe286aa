import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Closable } from "../closers.js";
import { HOST } from "./ports.js";

/** Answers one request; it owns the response. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const contentTypes: Readonly<Record<string, string>> = { ".wav": "audio/wav", ".mp3": "audio/mpeg" };

/** An HTTP server of sounds: the files of a folder, and what {@link serve} adds. */
export class SampleServer implements Closable {
  readonly #folder: string;
  readonly #routes = new Map<string, Handler>();
  readonly #server: Server;
  #closed: Promise<void> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(folder: string, port = 0): Promise<SampleServer> {
    const server = new SampleServer(folder);
    server.#server.listen(port, HOST);
    await once(server.#server, "listening");
    return server;
  }

  /** URL of a file or an added path. */
  url(name: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${HOST}:${port}/${name}`;
  }

  /** Adds a path; returns its URL. */
  serve(name: string, content: Uint8Array | Handler): string {
    const handler: Handler =
      typeof content === "function"
        ? content
        : (_, response) => {
            response.writeHead(200, { "content-length": content.length }).end(content);
          };
    this.#routes.set(`/${name}`, handler);
    return this.url(name);
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://samples");
    const added = this.#routes.get(pathname);
    if (added !== undefined) {
      await added(request, response);
      return;
    }
    await this.#sendFile(path.join(this.#folder, path.basename(decodeURIComponent(pathname))), response);
  }

  async #sendFile(file: string, response: ServerResponse): Promise<void> {
    const contentType = contentTypes[path.extname(file)];
    const found = contentType === undefined ? undefined : await stat(file).catch(() => undefined);
    if (contentType === undefined || found === undefined) {
      response.writeHead(404).end("There is no such sound.\n");
      return;
    }
    response.writeHead(200, { "content-type": contentType, "content-length": found.size });
    await pipeline(createReadStream(file), response);
  }
}

/** Sends data at a pace, as a server does that is hardly faster than the sound. */
export function slowly(data: Uint8Array, bytesPerSecond: number, everyMs = 50): Handler {
  const step = Math.ceil((bytesPerSecond * everyMs) / 1000);
  return (_, response) => {
    let at = 0;
    response.writeHead(200, { "content-length": data.length });
    const timer = setInterval(() => {
      response.write(data.subarray(at, at + step));
      at += step;
      if (at >= data.length) {
        clearInterval(timer);
        response.end();
      }
    }, everyMs);
    response.on("close", () => clearInterval(timer));
  };
}
