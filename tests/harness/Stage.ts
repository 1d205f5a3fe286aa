import { randomBytes } from "node:crypto";
import type { AudioPlayRequest } from "@server-playback/protocol";
import {
  type Heard,
  inRepository,
  measure,
  ordered,
  type PlayOptions,
  type RoomListener,
  type SampleApp,
  type SimulatedGlasses,
  type Stack,
  sine,
  writeWav,
} from "@server-playback/simulator";

const QUIET_MS = 300;
let next = 1;

export interface StageOptions {
  /** Whether the glasses are in their room. Default true. */
  listens?: boolean;
  apps?: readonly SampleApp[];
}

/** One user of a running system: glasses, ears in the room, apps that were started. */
export class Stage {
  #ears: RoomListener | undefined;

  private constructor(
    readonly stack: Stack,
    readonly userId: string,
    readonly glasses: SimulatedGlasses,
  ) {}

  static async set(stack: Stack, options: StageOptions = {}): Promise<Stage> {
    const userId = `user-${randomBytes(4).toString("hex")}@example.com`;
    const glasses = await stack.glasses(userId);
    const stage = new Stage(stack, userId, glasses);
    if (options.listens ?? true) {
      await stage.listen();
    }
    for (const app of options.apps ?? [stack.app]) {
      await stack.startApp(userId, app);
    }
    return stage;
  }

  /** The one who listens in the room as the glasses do, if somebody does. */
  get ears(): RoomListener | undefined {
    return this.#ears;
  }

  async listen(): Promise<void> {
    this.#ears = await this.glasses.listen(this.stack.parts.tap);
  }

  play(audioUrl: string, options: Omit<PlayOptions, "audioUrl"> = {}, app = this.stack.app) {
    return app.play(this.userId, { audioUrl, ...options });
  }

  /** What the glasses were asked to play. */
  get askedOfGlasses(): Pick<AudioPlayRequest, "requestId" | "audioUrl">[] {
    return this.glasses.received.filter((message) => message.type === "audio_play_request");
  }

  /** Resolves when so much has been heard since then, in ms of packets. */
  async heardFor(ms: number, sinceMs: number): Promise<void> {
    await this.ears?.until(
      `${ms} ms of sound`,
      (ears) => ears.packets(sinceMs).length >= ms / 20 || undefined,
    );
  }

  /** What has been heard since, once the room is quiet. */
  async heard(sinceMs: number): Promise<Heard | undefined> {
    if (this.ears === undefined) {
      return undefined;
    }
    await this.ears.quiet(QUIET_MS);
    return await measure(ordered(this.ears.packets(sinceMs)));
  }

  /** How much sound has been heard since, in ms, once the room is quiet. */
  async heardMs(sinceMs: number): Promise<number> {
    return (await this.heard(sinceMs))?.soundMs ?? 0;
  }

  async close(): Promise<void> {
    await this.ears?.close();
    await this.glasses.close();
  }
}

/** Serves a tone of so many seconds; returns its URL. */
export function serveTone(stack: Stack, seconds: number, frequency = 440): string {
  const channels = [sine(frequency, seconds, 48_000, 0.25)];
  const url = stack.parts.samples.serve(`tone-${next++}.wav`, writeWav({ sampleRate: 48_000, channels }));
  return `${url}?signature=do-not-print`;
}

/** Where a test may write a file. */
export function scratch(name: string): string {
  return inRepository("out", "logs", "tests", name);
}
