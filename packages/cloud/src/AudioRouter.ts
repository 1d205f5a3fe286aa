import type {
  AudioPlayRequest,
  AudioPlayResponse,
  AudioStopRequest,
  CloudToGlasses,
} from "@server-playback/protocol";
import type { DurationCorrelation } from "./DurationCorrelation.js";
import { type Logger, loggableUrl } from "./logger.js";

/** Plays of one session that wait for the glasses' answer; the oldest is forgotten beyond it. */
const MAX_UNANSWERED = 256;

/** What the router needs of the session that it routes for. */
export interface RoutedSession {
  readonly sessionId: string;
  readonly log: Logger;
  readonly correlation: DurationCorrelation;
  /** Says whether there were glasses to send it to. */
  sendToGlasses(message: CloudToGlasses): boolean;
  sendToApp(packageName: string, message: AudioPlayResponse): void;
  /** The glasses were asked, and an app waits for the answer. */
  onAsked?(requestId: string, packageName: string): void;
  /** Nobody waits for it any more. */
  onAnswered?(requestId: string): void;
}

/** The existing flow: an app's sounds to the glasses, and each answer back to the app that asked. */
export class AudioRouter {
  readonly #session: RoutedSession;
  /** Which app waits for which request. */
  readonly #unanswered = new Map<string, string>();

  constructor(session: RoutedSession) {
    this.#session = session;
  }

  /** Plays that wait for the glasses' answer. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** The app that waits for the glasses' answer to this request. */
  owner(requestId: string): string | undefined {
    return this.#unanswered.get(requestId);
  }

  /** Sends a request that is new to the glasses; returns whether they have it and play it. */
  play(request: AudioPlayRequest): boolean {
    const { requestId, packageName } = request;
    this.#remember(requestId, packageName);
    if (!this.#session.sendToGlasses(this.#forGlasses(request))) {
      this.#unanswered.delete(requestId);
      this.#refuse(request, "The glasses are not connected.");
      return false;
    }
    this.#session.onAsked?.(requestId, packageName);
    this.#session.log.info({ requestId, packageName, url: loggableUrl(request.audioUrl) }, "glasses asked");
    return true;
  }

  /** Takes over what another node has asked: the glasses answer here now. */
  adopt(unanswered: ReadonlyMap<string, string>): void {
    for (const [requestId, packageName] of unanswered) {
      this.#remember(requestId, packageName);
    }
  }

  /** Stops the app's sounds on the glasses, all or those of one layer. */
  stop({ packageName, trackId }: AudioStopRequest): void {
    this.#session.sendToGlasses({
      type: "audio_stop_request",
      sessionId: this.#session.sessionId,
      appId: packageName,
      ...(trackId === undefined ? {} : { trackId }),
      timestamp: new Date().toISOString(),
    });
  }

  /** Stops whatever still plays on the glasses, for something in the room takes its place. */
  stopAll(): void {
    for (const packageName of new Set(this.#unanswered.values())) {
      this.stop({ type: "audio_stop_request", packageName });
    }
  }

  /** Takes the glasses' answer to the app that asked; an answer that nobody waits for is dropped. */
  respond(response: AudioPlayResponse): void {
    const { requestId, success, error, duration } = response;
    const packageName = this.#unanswered.get(requestId);
    this.#session.log.info({ requestId, packageName, success, error, duration }, "glasses answered");
    if (packageName === undefined) {
      return;
    }
    this.#forget(requestId);
    if (duration !== undefined) {
      this.#session.correlation.device(requestId, duration * 1000);
    }
    this.#session.sendToApp(packageName, response);
  }

  /** Forgets what an app waits for, when it is gone for good; returns which requests that were. */
  forget(packageName: string): string[] {
    const forgotten = [...this.#unanswered].filter(([, owner]) => owner === packageName);
    return forgotten.map(([requestId]) => {
      this.#forget(requestId);
      return requestId;
    });
  }

  #forget(requestId: string): void {
    this.#unanswered.delete(requestId);
    this.#session.onAnswered?.(requestId);
  }

  #remember(requestId: string, packageName: string): void {
    this.#unanswered.set(requestId, packageName);
    if (this.#unanswered.size > MAX_UNANSWERED) {
      const [oldest] = this.#unanswered.keys();
      this.#forget(oldest as string);
    }
  }

  #forGlasses(request: AudioPlayRequest): CloudToGlasses {
    const { requestId, packageName, audioUrl, volume, stopOtherAudio, trackId } = request;
    return {
      type: "audio_play_request",
      sessionId: this.#session.sessionId,
      requestId,
      packageName,
      appId: packageName,
      audioUrl,
      ...(volume === undefined ? {} : { volume }),
      ...(stopOtherAudio === undefined ? {} : { stopOtherAudio }),
      ...(trackId === undefined ? {} : { trackId }),
      timestamp: new Date().toISOString(),
    };
  }

  #refuse({ requestId, packageName }: AudioPlayRequest, error: string): void {
    this.#session.log.info({ requestId, packageName, error }, "play refused");
    this.#session.sendToApp(packageName, { type: "audio_play_response", requestId, success: false, error });
  }
}
