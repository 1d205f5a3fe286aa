import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

const greeting = {
  type: "connected",
  version: "0.0.0",
  instanceId: "stand-in",
  capacity: 100_000,
  activeStreams: 0,
};

/** Says what a bridge says, and plays nothing: thousands of real rooms would measure the rooms. */
export class StandInBridge {
  readonly #server: WebSocketServer;
  /** When each play's command came, by request (ms of `performance.now`). */
  readonly arrivals = new Map<string, number>();

  private constructor() {
    this.#server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
    this.#server.on("connection", (socket) => {
      socket.send(JSON.stringify(greeting));
      socket.on("message", (data) => this.#receive(socket, data.toString()));
    });
  }

  static async start(): Promise<StandInBridge> {
    const bridge = new StandInBridge();
    await once(bridge.#server, "listening");
    return bridge;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`;
  }

  close(): void {
    for (const socket of this.#server.clients) {
      socket.terminate();
    }
    this.#server.close();
  }

  #receive(socket: WebSocket, text: string): void {
    const at = performance.now();
    const { action, requestId } = JSON.parse(text) as { action: string; requestId: string };
    if (action === "play_url") {
      this.arrivals.set(requestId, at);
      const started = { type: "play_started", requestId, firstFrameLatencyMs: 3, joinMs: 0 };
      const sound = { codec: "mp3", sampleRate: 44_100, channels: 2 };
      socket.send(JSON.stringify({ ...started, ...sound }));
      socket.send(JSON.stringify({ type: "play_complete", requestId, success: true, durationMs: 2_000 }));
    }
  }
}
