import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type WebhookRequest, WebhookRequestSchema } from "@server-playback/protocol";

/** An app's webhook that accepts what it is told to, and keeps what it got. */
export class WebhookServer {
  readonly requests: WebhookRequest[] = [];
  /** The status of its answers; `undefined` lets the caller wait. */
  status: number | undefined = 200;
  /** Callers that did not wait for their answer. */
  hungUp = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", async (request, response) => {
      response.once("close", () => {
        this.hungUp += response.writableEnded ? 0 : 1;
      });
      this.requests.push(WebhookRequestSchema.parse(await json(request)));
      if (this.status !== undefined) {
        response.writeHead(this.status).end("{}");
      }
    });
  }

  static async start(): Promise<WebhookServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new WebhookServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhook`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
