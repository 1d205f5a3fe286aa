import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers as a LiveKit server does who is in a room, as a test says; for what a real one cannot be made to do. */
export class RoomService {
  readonly #server: Server;
  /** Who is in every room. */
  identities: readonly string[] = ["glasses"];
  /** Whether it keeps its callers waiting. */
  isMute = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      if (!this.isMute) {
        const participants = this.identities.map((identity) => ({ identity }));
        response.setHeader("content-type", "application/json").end(JSON.stringify({ participants }));
      }
    });
  }

  static async start(): Promise<RoomService> {
    const service = new RoomService();
    service.#server.listen(0, "127.0.0.1");
    await once(service.#server, "listening");
    return service;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
