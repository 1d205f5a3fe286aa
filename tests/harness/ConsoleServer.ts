import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Job, JobSummary, LiveMessage, SessionSummary } from "@server-playback/protocol";
import { inRepository } from "@server-playback/simulator";
import { type WebSocket, WebSocketServer } from "ws";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const built = inRepository("packages", "console", "dist");
const snapshotJobs = 200;

export interface ConsoleServerOptions {
  /** Asked for by the API. Default: none. */
  token?: string;
  /** The API answers nobody. */
  off?: boolean;
  sessions?: readonly SessionSummary[];
  /** Newest first. */
  jobs?: readonly Job[];
  /** Jobs of the snapshot. */
  snapshotJobs?: number;
}

/** A request that changes something, as it came. */
export interface Asked {
  readonly path: string;
  readonly body: unknown;
}

/** The API as the page sees it, over real HTTP and WebSockets, with jobs made by the test. It plays nothing. */
export class ConsoleServer {
  readonly asked: Asked[] = [];
  readonly #options: ConsoleServerOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #jobs: readonly Job[];

  private constructor(server: Server, options: ConsoleServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#jobs = options.jobs ?? [];
    server.on("request", (request, response) => void this.#answer(request, response));
    server.on("upgrade", (request, socket, head) =>
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, request)),
    );
  }

  /** @param port 0 for any free one */
  static async start(options: ConsoleServerOptions = {}, port = 0): Promise<ConsoleServer> {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    return new ConsoleServer(server, options);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/console/`;
  }

  /** Pages that follow live. */
  get readers(): number {
    return this.#sockets.clients.size;
  }

  readonly tell = (...messages: readonly LiveMessage[]): void => {
    for (const message of messages) {
      for (const socket of this.#sockets.clients) {
        socket.send(JSON.stringify(message));
      }
    }
  };

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) {
      socket.terminate();
    }
    this.#sockets.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(ws: WebSocket, request: IncomingMessage): void {
    const url = new URL(request.url ?? "/", "http://here");
    if (this.#options.token !== undefined && url.searchParams.get("token") !== this.#options.token) {
      ws.close(4401, "refused");
      return;
    }
    const jobs = this.#jobs.slice(0, this.#options.snapshotJobs ?? snapshotJobs).map(summaryOf);
    const snapshot: LiveMessage = { type: "snapshot", sessions: [...(this.#options.sessions ?? [])], jobs };
    ws.send(JSON.stringify(snapshot));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://here");
    if (url.pathname.startsWith("/console/")) {
      await sendFile(response, url.pathname.slice("/console/".length) || "index.html");
      return;
    }
    const { token, off = false } = this.#options;
    if (off) {
      send(response, 403, { error: "console_off", message: "Set CONSOLE_TOKEN to use this from outside." });
      return;
    }
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      send(response, 401, { error: "unauthorized", message: "Show the CONSOLE_TOKEN." });
      return;
    }
    const body = await readBody(request);
    const [status, answer] = this.#route(request.method ?? "GET", url, body);
    send(response, status, answer);
  }

  #route(method: string, url: URL, body: unknown): [status: number, answer: object] {
    const [, what, id = "", verb] = url.pathname.slice(1).split("/");
    const name = decodeURIComponent(id);
    if (method === "POST") {
      this.asked.push({ path: decodeURIComponent(url.pathname), body });
      return verb === "listen"
        ? [404, { error: "no_room", message: "LiveKit is not configured: there is no room." }]
        : [200, { requestId: verb === "play" ? "asked-1" : name }];
    }
    if (what === "sessions") {
      return [200, { sessions: this.#options.sessions ?? [] }];
    }
    return name === "" ? [200, this.#page(url)] : this.#job(name);
  }

  #page(url: URL): { jobs: JobSummary[]; next?: string } {
    const from = Number(url.searchParams.get("before") ?? 0);
    const to = from + Number(url.searchParams.get("limit"));
    const jobs = this.#jobs.slice(from, to).map(summaryOf);
    return to < this.#jobs.length ? { jobs, next: String(to) } : { jobs };
  }

  #job(requestId: string): [status: number, answer: object] {
    const job = this.#jobs.find((one) => one.requestId === requestId);
    return job === undefined ? [404, { error: "unknown_job", message: "No such job is known." }] : [200, job];
  }
}

function summaryOf({ timeline, ...job }: Job): JobSummary {
  return job;
}

async function sendFile(response: ServerResponse, name: string): Promise<void> {
  try {
    const file = await readFile(path.join(built, path.normalize(name)));
    response.writeHead(200, { "content-type": contentTypes[path.extname(name)] ?? "text/plain" }).end(file);
  } catch {
    response.writeHead(404).end();
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
  }
  return text === "" ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
