import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

const HOST = "127.0.0.1";

/** The server to test with: Valkey's where there is one, else Redis's; undefined without either. */
export const redisServerBin = ["valkey-server", "redis-server"].find(
  (bin) => spawnSync(bin, ["--version"]).status === 0,
);

/** A real server on loopback, without persistence, that can be stopped and paused. */
export class RedisServer {
  #child: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.run();
    return server;
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`;
  }

  /** Runs it, anew and empty after {@link kill}. */
  async run(): Promise<void> {
    const args = ["--port", String(this.port), "--bind", HOST, "--save", "", "--appendonly", "no"];
    this.#child = spawn(redisServerBin ?? "redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise<void>((resolve, reject) => {
      this.#child?.stdout?.on("data", (text: Buffer) => {
        if (text.includes("Ready to accept connections")) {
          resolve();
        }
      });
      this.#child?.once("exit", () => reject(new Error("The Redis server ended.")));
    });
  }

  /** It goes on existing, and answers nothing. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child?.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}

/** A way to a server that can be cut: what is sent then goes nowhere, and no connection ends. */
export class Way {
  readonly #server = createServer((socket) => this.#carry(socket));
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(readonly target: number) {}

  static async to(target: number): Promise<Way> {
    const way = new Way(target);
    way.#server.listen(0, HOST);
    await once(way.#server, "listening");
    return way;
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number };
    return `redis://${HOST}:${port}`;
  }

  cut(): void {
    this.#isCut = true;
  }

  /** Connections of before are dead; new ones work. */
  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.close();
    await once(this.#server, "close");
  }

  #carry(near: Socket): void {
    const far = connect(this.target, HOST);
    let isDead = this.#isCut;
    const ends = [near, far] as const;
    for (const [from, to] of [ends, [far, near] as const]) {
      this.#sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on("data", (data: Buffer) => {
        isDead ||= this.#isCut;
        if (!isDead) {
          to.write(data);
        }
      });
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
