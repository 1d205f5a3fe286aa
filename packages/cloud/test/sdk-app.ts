import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AppServer, type AppSession, logger } from "@mentra/sdk";
import { apiKey, app } from "./fixtures.js";

logger.level = "silent"; // before the first server is made: its loggers take the level over

/** An app on the real SDK, listening on a port of its own. */
export class SdkApp extends AppServer {
  readonly sessions: AppSession[] = [];
  readonly stops: string[] = [];
  #listener: Server | undefined;
  #resolveSession: (session: AppSession) => void = () => {};
  /** The first session that the SDK reports. */
  readonly session: Promise<AppSession>;

  constructor(key = apiKey) {
    super({ packageName: app, apiKey: key, port: 0 });
    this.session = new Promise((resolve) => {
      this.#resolveSession = resolve;
    });
  }

  /** Listens without the SDK's own `start`, which asks the internet for its newest version. */
  async listen(): Promise<string> {
    const listener = this.getExpressApp().listen(0, "127.0.0.1") as Server;
    this.#listener = listener;
    await new Promise((resolve) => listener.once("listening", resolve));
    return `http://127.0.0.1:${(listener.address() as AddressInfo).port}/webhook`;
  }

  async close(): Promise<void> {
    for (const session of this.sessions) {
      await session.disconnect();
    }
    this.#listener?.closeAllConnections();
    await new Promise((resolve) => this.#listener?.close(resolve) ?? resolve(undefined));
  }

  protected override async onSession(session: AppSession): Promise<void> {
    this.sessions.push(session);
    this.#resolveSession(session);
  }

  protected override async onStop(sessionId: string, userId: string, reason: string): Promise<void> {
    this.stops.push(reason);
    await super.onStop(sessionId, userId, reason);
  }
}
