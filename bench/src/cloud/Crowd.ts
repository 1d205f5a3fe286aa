import { createHash, createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { WebSocket } from "ws";

/** Users who arrive at once; more would measure the queue at the door. */
const ARRIVING = 50;
const PACKAGE = "com.example.bench";

/** The app and the secret that the cloud is started with. */
export const credentials = {
  packageName: PACKAGE,
  apiKey: randomBytes(24).toString("base64url"),
  glassesSecret: randomBytes(32).toString("hex"),
};

/** The app's entry in `APPS_FILE`. */
export function appEntry(webhookUrl: string): object {
  const hash = createHash("sha256").update(credentials.apiKey).digest("hex");
  return { packageName: PACKAGE, webhookUrl, apiKeyHash: `sha256:${hash}` };
}

interface Member {
  readonly userId: string;
  readonly glasses: WebSocket;
  readonly app: WebSocket;
}

/** Glasses and apps of many users, over real sockets. */
export class Crowd {
  readonly #url: string;
  readonly #members: Member[] = [];
  #next = 0;

  constructor(url: string) {
    this.#url = url;
  }

  get size(): number {
    return this.#members.length;
  }

  /** Lets users arrive until there are so many; `bare` opens their sockets and says nothing. */
  async grow(size: number, bare = false): Promise<void> {
    while (this.#members.length < size) {
      const count = Math.min(ARRIVING, size - this.#members.length);
      const first = this.#members.length;
      const arrivals = Array.from({ length: count }, (_, i) => this.#arrive(`user-${first + i}@x`, bare));
      this.#members.push(...(await Promise.all(arrivals)));
    }
  }

  /** The next user's app asks for a sound; returns the request's id. */
  play(): string {
    const { userId, app } = this.#members[this.#next % this.#members.length] as Member;
    const requestId = `play-${this.#next++}`;
    app.send(
      JSON.stringify({
        type: "audio_play_request",
        requestId,
        packageName: PACKAGE,
        sessionId: `${userId}-${PACKAGE}`,
        audioUrl: "https://sounds.example/bell.mp3",
        volume: 1,
        stopOtherAudio: true,
        trackId: 0,
      }),
    );
    return requestId;
  }

  leave(): void {
    for (const { glasses, app } of this.#members) {
      glasses.terminate();
      app.terminate();
    }
  }

  async #arrive(userId: string, bare: boolean): Promise<Member> {
    const token = glassesToken(userId);
    const headers = { authorization: `Bearer ${token}` };
    const glasses = await this.#open("/glasses-ws", headers);
    if (!bare) {
      glasses.on("message", (data) => answer(glasses, data.toString()));
      await fetch(`${this.#url}/apps/${PACKAGE}/start`, { method: "POST", headers });
    }
    const app = await this.#open("/app-ws");
    const acknowledged = once(app, "message");
    const { packageName, apiKey } = credentials;
    const sessionId = `${userId}-${PACKAGE}`;
    app.send(JSON.stringify({ type: "tpa_connection_init", sessionId, packageName, apiKey }));
    await acknowledged;
    return { userId, glasses, app };
  }

  async #open(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
    const socket = new WebSocket(`${this.#url.replace(/^http/, "ws")}${path}`, {
      headers,
      perMessageDeflate: false,
    });
    await once(socket, "open");
    return socket;
  }
}

/** What the glasses do: they have played it already. */
function answer(glasses: WebSocket, text: string): void {
  const { type, requestId } = JSON.parse(text) as { type: string; requestId: string };
  if (type === "audio_play_request") {
    glasses.send(JSON.stringify({ type: "audio_play_response", requestId, success: true, duration: 2 }));
  }
}

/** A JWT (RFC 7519), HS256. */
function glassesToken(userId: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ email: userId, exp })}`;
  return `${signed}.${createHmac("sha256", credentials.glassesSecret).update(signed).digest("base64url")}`;
}
