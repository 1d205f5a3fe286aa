import { once } from "node:events";
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
  /** Paths and queries that were connected to. */
  readonly paths: (string | undefined)[] = [];
  /** Whether every secret is wrong from now on. */
  refuseAll = false;
  onConnection: (socket: WebSocket) => void = (socket) => socket.send(JSON.stringify(greeting));
  onCommand: (socket: WebSocket, command: BridgeCommand) => void = () => {};

  private constructor(secret: string | undefined) {
    this.#server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      verifyClient: ({ req }, done) => done(this.#admits(secret, req.headers.authorization), 401),
    });
    this.#server.on("connection", (socket, request) => {
      this.authorization.push(request.headers.authorization);
      this.paths.push(request.url);
      socket.on("message", (data, isBinary) => this.#receive(socket, data as Buffer, isBinary));
      this.onConnection(socket);
    });
  }

  static async start(secret?: string): Promise<ScriptedBridge> {
    const bridge = new ScriptedBridge(secret);
    await once(bridge.#server, "listening");
    return bridge;
  }

  /** Changes how it behaves from now on. */
  become(behaviour: Partial<Pick<ScriptedBridge, "refuseAll" | "onConnection" | "onCommand">>): void {
    Object.assign(this, behaviour);
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

  #admits(secret: string | undefined, authorization: string | undefined): boolean {
    return !this.refuseAll && (secret === undefined || authorization === `Bearer ${secret}`);
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
