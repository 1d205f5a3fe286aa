import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { Closable } from "./closers.js";
import { type AppCall, type AppNews, AppNewsSchema, type AudioResult } from "./sample-app-messages.js";
import { ManagedProcess } from "./stack/ManagedProcess.js";
import { HOST } from "./stack/ports.js";
import { Waiters } from "./wait.js";

/** A call's bound in ms: just over the SDK's own of 60 s. */
const CALL_TIMEOUT_MS = 65_000;

export type { AudioResult } from "./sample-app-messages.js";
export type PlayOptions = Extract<AppCall, { method: "play" }>["options"];
export type SpeakOptions = NonNullable<Extract<AppCall, { method: "speak" }>["options"]>;

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

export interface SampleAppOptions {
  packageName: string;
  apiKey: string;
  port: number;
  logDir: string;
  /** Told each answer to a play as it comes over the socket. */
  onAnswer?: (requestId: string) => void;
}

/** An app on the real `@mentra/sdk`, in a process of its own. */
export class SampleApp implements Closable {
  readonly #waiters = new Waiters();
  readonly #news: AppNews[] = [];
  #process: ManagedProcess | undefined;
  #next = 1;

  private constructor(
    readonly packageName: string,
    private readonly onAnswer: (requestId: string) => void = () => {},
  ) {}

  static async start(options: SampleAppOptions): Promise<SampleApp> {
    const { packageName, apiKey, port, logDir } = options;
    const app = new SampleApp(packageName, options.onAnswer);
    const child = await ManagedProcess.start({
      name: packageName,
      command: process.execPath,
      args: [fileURLToPath(new URL("sample-app-process.js", import.meta.url))],
      env: {
        APP_PACKAGE: packageName,
        APP_KEY: apiKey,
        APP_PORT: String(port),
        HTTPS_PROXY: `http://${HOST}:9`, // the SDK's look for a newer version fails at once
      },
      logDir,
      ipc: true,
      ready: () => probeTcp(port),
    });
    child.onMessage((message) => app.#receive(message));
    child.ended.addEventListener("abort", () => app.#waiters.fail(new Error("The sample app ended.")));
    app.#process = child;
    return app;
  }

  /** Resolves with the session's id when the user's session has begun. */
  session(userId: string): Promise<string> {
    return this.#heard("a session", (news) =>
      news.type === "session" && news.userId === userId ? news.sessionId : undefined,
    );
  }

  /** Resolves with the reason when the user's session was stopped. */
  stopped(userId: string): Promise<string> {
    return this.#heard("a stop", (news) =>
      news.type === "stopped" && news.userId === userId ? news.reason : undefined,
    );
  }

  /** `session.audio.playAudio`: resolves when the SDK does. */
  play(userId: string, options: PlayOptions): Promise<AudioResult> {
    return this.#call({ method: "play", userId, options });
  }

  /** `session.audio.speak`. */
  speak(userId: string, text: string, options: SpeakOptions = {}): Promise<AudioResult> {
    return this.#call({ method: "speak", userId, text, options });
  }

  /** `session.audio.stopAudio`. */
  async stop(userId: string, trackId?: number): Promise<void> {
    await this.#call({ method: "stop", userId, ...(trackId === undefined ? {} : { trackId }) });
  }

  async close(): Promise<void> {
    await this.#process?.close();
  }

  async #call(call: WithoutId<AppCall>): Promise<AudioResult> {
    const id = this.#next++;
    this.#process?.send({ ...call, id });
    const answer = await this.#heard(
      call.method,
      (news) => ((news.type === "result" || news.type === "failed") && news.id === id ? news : undefined),
      CALL_TIMEOUT_MS,
    );
    this.#news.splice(this.#news.indexOf(answer), 1);
    if (answer.type === "failed") {
      throw new Error(answer.error);
    }
    return answer.result;
  }

  #heard<T>(what: string, look: (news: AppNews) => T | undefined, timeoutMs?: number): Promise<T> {
    const first = () => this.#news.map(look).find((found) => found !== undefined);
    return this.#waiters.until(what, first, timeoutMs);
  }

  #receive(message: unknown): void {
    const news = AppNewsSchema.parse(message);
    if (news.type === "answer") {
      this.onAnswer(news.requestId);
      return;
    }
    this.#news.push(news);
    this.#waiters.check();
  }
}

function probeTcp(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
