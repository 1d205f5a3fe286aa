import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Closable } from "../closers.js";
import { HOST } from "./ports.js";

/** A TCP connection's other half, where it can be cut. */
export class TcpProxy implements Closable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Whether new connections are turned away. */
  isDown = false;

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((near) => {
      if (this.isDown) {
        near.destroy();
        return;
      }
      const far = connect(target.port, target.host);
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** Between whoever connects and the host of a URL. `port` 0 lets the system choose. */
  static async start(url: string, port = 0): Promise<TcpProxy> {
    const { hostname, port: targetPort } = new URL(url);
    const proxy = new TcpProxy({ host: hostname, port: Number(targetPort) });
    proxy.#server.listen(port, HOST);
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `${HOST}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Ends connections, all or those that are chosen, as a lost network does: without a goodbye. */
  cut(isMeant: () => boolean = () => true): void {
    for (const socket of [...this.#sockets].filter(isMeant)) {
      socket.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("error", () => {}); // followed by "close"
    from.once("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
