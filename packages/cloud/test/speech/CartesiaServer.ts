import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** One connection's request, as the documented protocol has it. */
export interface CartesiaAsked {
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly request: Record<string, unknown>;
  readonly closed: Promise<void>;
}

type Answer = (socket: WebSocket, contextId: unknown) => void;

/** A server that speaks Cartesia's WebSocket protocol as a test says. */
export class CartesiaServer {
  readonly asked: CartesiaAsked[] = [];
  answers: Answer[] = [];
  /** Refuses connections with this status, instead. */
  refuseWith: number | undefined;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor(server: Server) {
    this.#server = server;
    server.on("upgrade", (request, socket, head) => {
      if (this.refuseWith !== undefined) {
        socket.end(`HTTP/1.1 ${this.refuseWith} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#serve(ws, request));
    });
  }

  static async start(): Promise<CartesiaServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new CartesiaServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) {
      socket.terminate();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: WebSocket, { url, headers }: IncomingMessage): void {
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("message", (data) => {
      const request = JSON.parse(String(data)) as Record<string, unknown>;
      this.asked.push({ path: url, headers, request, closed });
      const answer = this.answers[this.asked.length - 1] ?? this.answers.at(-1);
      const { context_id } = request;
      answer?.(socket, context_id);
    });
  }
}

const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));

export function sound(...chunks: Buffer[]): Answer {
  return (socket, context_id) => {
    send(socket, { type: "timestamps", done: false, status_code: 206, context_id, word_timestamps: {} });
    for (const chunk of chunks) {
      send(socket, {
        type: "chunk",
        data: chunk.toString("base64"),
        done: false,
        status_code: 206,
        context_id,
      });
    }
    send(socket, { type: "done", done: true, status_code: 200, context_id });
  };
}

export function part(chunk: Buffer): Answer {
  return (socket, context_id) => {
    send(socket, {
      type: "chunk",
      data: chunk.toString("base64"),
      done: false,
      status_code: 206,
      context_id,
    });
    socket.close(1011);
  };
}

export function failure(status_code: number, error_code: string): Answer {
  return (socket, context_id) =>
    send(socket, {
      type: "error",
      done: true,
      title: "No",
      message: "secret-key",
      error_code,
      status_code,
      context_id,
    });
}
