import {
  type AudioPlayRequest,
  type AudioPlayResponse,
  type AudioStopRequest,
  type PlayErrorCode,
  playErrorSentences,
} from "@server-playback/protocol";
import type { AudioRouter } from "./AudioRouter.js";
import { afterTheRoom } from "./fallback.js";
import type { Logger } from "./logger.js";
import type { Metrics } from "./metrics.js";
import { PlayLimits } from "./play-limits.js";
import type { PlaybackMode } from "./playback-flags.js";
import { RecentMap } from "./recent-map.js";
import type { SpeakerManager } from "./SpeakerManager.js";
import type { FinishedJob, JobSource } from "./speaker-job.js";

/** Answers that are given again when their request comes again. */
const REMEMBERED_ANSWERS = 256;
/** How often it is looked whether everything has ended, in ms, while the server goes away. */
const DRAIN_POLL_MS = 50;

/** What playback needs of the session that it serves. */
export interface PlaybackSession {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly router: AudioRouter;
  readonly speaker: SpeakerManager;
  hasGlasses(): boolean;
  modeFor(packageName: string): PlaybackMode;
  sourceOf(request: AudioPlayRequest): JobSource;
  /** The request with a URL that the glasses can fetch. */
  forGlasses(request: AudioPlayRequest): AudioPlayRequest;
  sendToApp(packageName: string, response: AudioPlayResponse): void;
  fellBack(requestId: string, why: PlayErrorCode): void;
}

interface Answered {
  readonly packageName: string;
  readonly response: AudioPlayResponse;
}

/**
 * Takes one user's plays to the glasses, to the room, or to both, and answers the apps: in primary mode
 * by what was heard in the room. A play keeps the mode that it began in.
 */
export class Playback {
  readonly #session: PlaybackSession;
  readonly #limits = new PlayLimits();
  /** Plays of which the room will have the last word. */
  readonly #inRoom = new Map<string, AudioPlayRequest>();
  /** Plays of which the glasses will, in the room's stead. */
  readonly #fellBack = new Set<string>();
  readonly #answered = new RecentMap<string, Answered>(REMEMBERED_ANSWERS);
  #isDraining = false;

  constructor(session: PlaybackSession) {
    this.#session = session;
  }

  play(request: AudioPlayRequest): void {
    if (this.#isKnown(request)) {
      return;
    }
    if (this.#isDraining) {
      this.#refuse(request, "draining");
    } else if (!this.#limits.admit(request.packageName)) {
      this.#refuse(request, "plays_too_fast");
    } else {
      this.#begin(request);
    }
  }

  /** Stops the app's sounds, all or those of one layer, wherever they are. */
  stop(request: AudioStopRequest, reason?: string): void {
    this.#session.router.stop(request);
    void this.#session.speaker.stop(request, reason);
  }

  /** Takes how a play ended in the room. */
  ended(job: FinishedJob): void {
    const request = this.#inRoom.get(job.requestId);
    if (request === undefined) {
      return; // a shadow of what the glasses play
    }
    this.#inRoom.delete(job.requestId);
    const end = job.state === "error" ? job.error : job.state;
    if (afterTheRoom({ end, heard: job.heard, glasses: this.#session.hasGlasses() }) === "glasses") {
      this.#fallBack(request, end as PlayErrorCode);
    } else {
      this.#answer(request, answerOf(job));
    }
  }

  /** Takes the router's answer to an app; one that stands in for the room's is given again like that. */
  routed(packageName: string, response: AudioPlayResponse): void {
    if (this.#fellBack.delete(response.requestId)) {
      this.#answered.set(response.requestId, { packageName, response });
    }
    this.#session.sendToApp(packageName, response);
  }

  /** Forgets what an app waits for, when it is gone for good. */
  forget(packageName: string): void {
    for (const requestId of this.#session.router.forget(packageName)) {
      this.#fellBack.delete(requestId);
    }
    for (const [requestId, request] of this.#inRoom) {
      if (request.packageName === packageName) {
        this.#inRoom.delete(requestId);
      }
    }
  }

  /** Takes no new plays; resolves when those that sound have ended, or the signal fires. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    const { router, speaker } = this.#session;
    while (!signal.aborted && (router.unanswered > 0 || speaker.jobs.length > 0)) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  /** Whether the request came before; then it is no new play, and its answer comes, or comes again. */
  #isKnown(request: AudioPlayRequest): boolean {
    const { requestId, packageName } = request;
    const { router, speaker } = this.#session;
    const answered = this.#answered.get(requestId);
    const owner =
      this.#inRoom.get(requestId)?.packageName ??
      router.owner(requestId) ??
      speaker.job(requestId)?.packageName ??
      answered?.packageName;
    if (owner === undefined) {
      return false;
    }
    if (owner !== packageName) {
      this.#refuse(request, "request_in_use");
    } else if (answered !== undefined) {
      this.#session.sendToApp(packageName, answered.response);
    }
    return true;
  }

  #begin(request: AudioPlayRequest): void {
    const { router, speaker } = this.#session;
    const mode = this.#session.modeFor(request.packageName);
    const source = this.#session.sourceOf(request);
    switch (mode) {
      case "off":
        router.play(this.#session.forGlasses(request));
        break;
      case "shadow":
        if (router.play(this.#session.forGlasses(request))) {
          void speaker.start(request, { mode, source });
        }
        break;
      case "primary":
        this.#inRoom.set(request.requestId, request);
        if (request.stopOtherAudio ?? true) {
          router.stopAll();
        }
        void speaker.start(request, { mode, source });
        break;
    }
  }

  /** The room could not play it, and nothing of it was heard: the glasses do, and theirs is the answer. */
  #fallBack(request: AudioPlayRequest, why: PlayErrorCode): void {
    const { requestId, packageName } = request;
    this.#session.log.warn({ requestId, packageName, why }, "fell back to the glasses");
    this.#session.metrics.fallbacks.inc({ why });
    this.#session.fellBack(requestId, why);
    if (request.stopOtherAudio ?? true) {
      this.#session.speaker.stopAll("replaced");
    }
    this.#fellBack.add(requestId);
    this.#session.router.play(this.#session.forGlasses(request));
  }

  #refuse(request: AudioPlayRequest, code: PlayErrorCode): void {
    const { requestId, packageName } = request;
    this.#session.log.info({ requestId, packageName, code }, "play refused");
    this.#session.metrics.refusedPlays.inc({ code });
    this.#session.sendToApp(packageName, failure(requestId, code));
  }

  #answer({ requestId, packageName }: AudioPlayRequest, response: AudioPlayResponse): void {
    this.#answered.set(requestId, { packageName, response });
    this.#session.sendToApp(packageName, response);
  }
}

/** What the app is told: `duration` in seconds, of what was heard. */
function answerOf(job: FinishedJob): AudioPlayResponse {
  const duration = (job.durationMs ?? 0) / 1000;
  switch (job.state) {
    case "completed":
      return { type: "audio_play_response", requestId: job.requestId, success: true, duration };
    case "cancelled":
      return { ...failure(job.requestId, "cancelled"), duration };
    case "error":
      return { ...failure(job.requestId, job.error), duration };
  }
}

/** `error` is the stable code, a colon, and a sentence for people. */
function failure(requestId: string, code: PlayErrorCode): AudioPlayResponse {
  const error = `${code}: ${playErrorSentences[code]}`;
  return { type: "audio_play_response", requestId, success: false, error };
}
