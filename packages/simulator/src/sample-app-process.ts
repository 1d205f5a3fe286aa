// The sample app: a process of its own, because the SDK ends its process and writes to its console.
// Driven by its parent over IPC.
import { AppServer, type AppSession } from "@mentra/sdk";
import { type AppCall, AppCallSchema, type AppNews } from "./sample-app-messages.js";

class DrivenApp extends AppServer {
  readonly #sessions = new Map<string, AppSession>();

  protected override async onSession(session: AppSession, sessionId: string, userId: string): Promise<void> {
    this.#sessions.set(userId, session);
    tellAnswers(session);
    tell({ type: "session", userId, sessionId });
  }

  protected override async onStop(sessionId: string, userId: string, reason: string): Promise<void> {
    await super.onStop(sessionId, userId, reason);
    this.#sessions.delete(userId);
    tell({ type: "stopped", userId, reason });
  }

  async carryOut(call: AppCall): Promise<void> {
    try {
      tell({ type: "result", id: call.id, result: await this.#call(call) });
    } catch (error) {
      tell({ type: "failed", id: call.id, error: String(error) }); // the SDK rejects with plain text
    }
  }

  async #call(call: AppCall) {
    const session = this.#sessions.get(call.userId);
    if (session === undefined) {
      throw new Error(`There is no session of ${call.userId}.`);
    }
    switch (call.method) {
      case "play":
        return await session.audio.playAudio(call.options);
      case "speak":
        return await session.audio.speak(call.text, call.options);
      case "stop":
        session.audio.stopAudio(call.trackId);
        return { success: true };
    }
  }
}

/** Tells each answer that comes, also those that nobody waits for: the SDK drops them without a word. */
function tellAnswers({ audio }: AppSession): void {
  const handle = audio.handleAudioPlayResponse.bind(audio);
  audio.handleAudioPlayResponse = (response) => {
    tell({ type: "answer", requestId: response.requestId });
    handle(response);
  };
}

function tell(news: AppNews): void {
  process.send?.(news);
}

const { APP_PACKAGE = "", APP_KEY = "", APP_PORT } = process.env;
const app = new DrivenApp({ packageName: APP_PACKAGE, apiKey: APP_KEY, port: Number(APP_PORT) });
process.on("message", (message) => {
  const call = AppCallSchema.safeParse(message);
  if (call.success) {
    void app.carryOut(call.data);
  }
});
void app.start();
