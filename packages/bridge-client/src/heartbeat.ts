import type { WebSocket } from "ws";

/** Cuts a socket on which nothing came for two intervals, not even the answer to a ping (RFC 6455, 5.5.2). */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #heard = true;

  constructor(socket: WebSocket, intervalMs: number) {
    socket.on("pong", () => this.alive());
    this.#timer = setInterval(() => {
      if (!this.#heard) {
        socket.terminate();
        return;
      }
      this.#heard = false;
      socket.ping();
    }, intervalMs);
  }

  alive(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
