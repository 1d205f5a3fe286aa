import type { AddressInfo } from "node:net";
import type { BridgeCommand } from "@server-playback/protocol";
import { type WebSocket, WebSocketServer } from "ws";

export const greeting = {
  type: "connected",
  version: "0.0.0",
  instanceId: "scripted",
  capacity: 4,
  activeStreams: 0,
} as const;

/** A WebSocket server that speaks the protocol as a test says, for what a real bridge cannot be made to do. */
export class ScriptedBridge {
  readonly #server: WebSocketServer;
  readonly commands: BridgeCommand[] = [];
  readonly binary: Buffer[] = [];
  readonly authorization: (string | undefined)[] = [];
  onConnection: (socket: WebSocket) => void = (socket) => socket.send(JSON.stringify(greeting));
  onCommand: (socket: WebSocket, command: BridgeCommand) => void = () => {};

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket, request) => {
      this.authorization.push(request.headers.authorization);
      socket.on("message", (data, isBinary) => this.#receive(socket, data as Buffer, isBinary));
      this.onConnection(socket);
    });
  }

  static async start(secret?: string): Promise<ScriptedBridge> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      verifyClient: ({ req }, done) =>
        done(secret === undefined || req.headers.authorization === `Bearer ${secret}`, 401),
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return new ScriptedBridge(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`;
  }

  each(act: (socket: WebSocket) => void): void {
    for (const socket of this.#server.clients) {
      act(socket);
    }
  }

  async close(): Promise<void> {
    this.each((socket) => socket.terminate());
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #receive(socket: WebSocket, data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      this.binary.push(data);
      return;
    }
    const command = JSON.parse(data.toString()) as BridgeCommand;
    this.commands.push(command);
    this.onCommand(socket, command);
  }
}
