import { randomBytes } from "node:crypto";
import {
  type AudioResult,
  Closers,
  type Heard,
  type LogLine,
  measure,
  ordered,
  type PlayOptions,
  type RoomListener,
  type SampleApp,
  type SimulatedGlasses,
  type SpeakOptions,
  Stack,
} from "@server-playback/simulator";
import { stackEnv } from "./stack-env.js";

const QUIET_MS = 300;

/** What became of an app's play: what its SDK was told, and what the cloud logged as the job's end. */
export interface Outcome {
  readonly requestId: string;
  readonly askedAtMs: number;
  readonly app: AudioResult;
  readonly end: LogLine;
}

/** One user of a whole system: glasses, the room that they listen in, and the apps that were started. */
export class Wearer {
  private constructor(
    readonly stack: Stack,
    readonly userId: string,
    readonly glasses: SimulatedGlasses,
    readonly ears: RoomListener,
  ) {}

  static async arrive(stack: Stack, closers: Closers): Promise<Wearer> {
    const userId = `user-${randomBytes(4).toString("hex")}@example.com`;
    const glasses = closers.own(await stack.glasses(userId));
    const ears = closers.own(await glasses.listen(stack.parts.tap));
    for (const app of stack.parts.apps) {
      await stack.startApp(userId, app);
    }
    return new Wearer(stack, userId, glasses, ears);
  }

  /** Plays through the SDK, and waits for both ends: the SDK's answer and the job's. */
  async play(options: PlayOptions, app: SampleApp = this.stack.app): Promise<Outcome> {
    const askedAtMs = Date.now();
    const answer = app.play(this.userId, options);
    answer.catch(() => {}); // awaited below, unless something fails before
    const requestId = await this.requestId(options.audioUrl, askedAtMs);
    return { requestId, askedAtMs, app: await answer, end: await this.jobEnd(requestId) };
  }

  /** Speaks through the SDK, and waits for both ends. */
  async speak(text: string, options: SpeakOptions = {}): Promise<Outcome> {
    const askedAtMs = Date.now();
    const answer = this.stack.app.speak(this.userId, text, options);
    answer.catch(() => {}); // awaited below, unless something fails before
    const { requestId } = await this.speechRequest(text, askedAtMs);
    return { requestId, askedAtMs, app: await answer, end: await this.jobEnd(requestId) };
  }

  /** What the glasses were asked to play for this text: its URL is signed, so it is not the SDK's. */
  speechRequest(text: string, sinceMs = 0): Promise<{ requestId: string; audioUrl: string }> {
    return this.glasses.until("the glasses' play request", () =>
      this.glasses.received.findLast(
        (message) =>
          message.type === "audio_play_request" &&
          new URL(message.audioUrl).searchParams.get("text") === text &&
          Date.parse(message.timestamp) >= sinceMs,
      ),
    ) as Promise<{ requestId: string; audioUrl: string }>;
  }

  /** The id that the SDK gave to the play of this URL. */
  requestId(audioUrl: string, sinceMs: number): Promise<string> {
    return this.glasses.until("the glasses' play request", () => {
      const request = this.glasses.received.findLast(
        (message) =>
          message.type === "audio_play_request" &&
          message.audioUrl === audioUrl &&
          Date.parse(message.timestamp) >= sinceMs,
      );
      return request?.type === "audio_play_request" ? request.requestId : undefined;
    });
  }

  /** The cloud's last word on a job. */
  jobEnd(requestId: string): Promise<LogLine> {
    return this.stack.parts.cloud.waitForLog("the job's end", (line) =>
      line.requestId === requestId && line.msg === "play ended" ? line : undefined,
    );
  }

  /** What the user's room has heard since, once it is quiet; undefined if nothing. */
  async heard(sinceMs: number): Promise<Heard | undefined> {
    await this.ears.quiet(QUIET_MS);
    const heard = await measure(ordered(this.ears.packets(sinceMs)));
    return heard === undefined || heard.soundMs === 0 ? undefined : heard;
  }
}

/** A whole system with settings of the test's own, and wearers in it. */
export class LineUnderTest {
  readonly #closers = new Closers();
  #visits = new Closers();

  private constructor(
    readonly stack: Stack,
    /** Where every part's output is. */
    readonly logDir: string,
  ) {}

  static async start(
    settings: Readonly<Record<string, string>> = {},
    packages?: readonly string[],
  ): Promise<LineUnderTest> {
    const env = stackEnv(settings, `tests/line-${randomBytes(3).toString("hex")}`);
    const stack = await Stack.start({ ...env, ...(packages === undefined ? {} : { packages }) });
    const line = new LineUnderTest(stack, env.logDir);
    line.#closers.own(stack);
    return line;
  }

  wearer(): Promise<Wearer> {
    return Wearer.arrive(this.stack, this.#visits);
  }

  /** The wearers of a test leave. */
  async closeVisits(): Promise<void> {
    const visits = this.#visits;
    this.#visits = new Closers();
    await visits.close();
  }

  async close(): Promise<void> {
    await this.closeVisits();
    await this.#closers.close();
  }
}
