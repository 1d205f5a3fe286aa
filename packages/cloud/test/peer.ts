import { once } from "node:events";
import { WebSocket } from "ws";

/** A message as it came over the wire. */
export type Received = Record<string, unknown> & { type: string };

/** A plain WebSocket client that keeps what it hears until a test asks for it. */
export class Peer {
  readonly #socket: WebSocket;
  readonly #heard: Received[] = [];
  readonly #waiting: { type: string; resolve: (message: Received) => void }[] = [];
  /** How the connection ended. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#receive(JSON.parse(data.toString())));
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async connect(url: string, headers: Record<string, string> = {}): Promise<Peer> {
    const socket = new WebSocket(url.replace(/^http/, "ws"), { headers, perMessageDeflate: false });
    const peer = new Peer(socket);
    await once(socket, "open");
    return peer;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: object | string | Buffer): void {
    const isRaw = typeof message === "string" || Buffer.isBuffer(message);
    this.#socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** The next message of this type, heard already or yet to come. */
  next(type: string): Promise<Received> {
    const index = this.#heard.findIndex((message) => message.type === type);
    const [found] = index < 0 ? [] : this.#heard.splice(index, 1);
    return found === undefined
      ? new Promise((resolve) => this.#waiting.push({ type, resolve }))
      : Promise.resolve(found);
  }

  /** What was heard and not asked for. */
  get rest(): readonly Received[] {
    return this.#heard;
  }

  async close(code = 1000): Promise<void> {
    this.#socket.close(code);
    await this.closed;
  }

  /** Ends the connection without a goodbye, as a lost network does. */
  async cut(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  #receive(message: Received): void {
    const index = this.#waiting.findIndex(({ type }) => type === message.type);
    const [waiter] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiter === undefined) {
      this.#heard.push(message);
    } else {
      waiter.resolve(message);
    }
  }
}
