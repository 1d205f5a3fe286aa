import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request as it arrived. */
export interface Asked {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Aborts when the caller hangs up or the answer is complete. */
  readonly closed: Promise<void>;
}

type Answer = (response: ServerResponse, asked: Asked) => void;

/** An HTTP server that answers as a test says, and keeps what it was asked. */
export class PcmServer {
  readonly asked: Asked[] = [];
  /** How each request is answered, in their order; the last one answers the rest too. */
  answers: Answer[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", async (request, response) => {
      const { method, url = "", headers } = request;
      const closed = new Promise<void>((resolve) => response.once("close", resolve));
      const asked = { method, url, headers, closed, body: await text(request) };
      this.asked.push(asked);
      const answer = this.answers[this.asked.length - 1] ?? this.answers.at(-1);
      answer?.(response, asked);
    });
  }

  static async start(): Promise<PcmServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new PcmServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Answers with PCM in these chunks, each written by itself. */
export function pcm(...chunks: Buffer[]): Answer {
  return async (response) => {
    response.writeHead(200, { "content-type": "audio/pcm" });
    for (const chunk of chunks) {
      await new Promise((resolve) => response.write(chunk, resolve));
    }
    response.end();
  };
}

/** Sends a part and cuts the connection. */
export function cut(part: Buffer): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "audio/pcm" });
    response.write(part, () => response.destroy());
  };
}

export function status(code: number, body: unknown = "", headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}
