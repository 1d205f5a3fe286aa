import { randomUUID } from "node:crypto";
import type {
  ApiControl,
  ApiPlay,
  AudioPlayRequest,
  LiveKitAccess,
  SessionSummary,
} from "@server-playback/protocol";
import type { LiveKitManager } from "../LiveKitManager.js";
import type { SpeakerManager } from "../SpeakerManager.js";
import type { PlayOptions } from "../speaker-job.js";
import type { UserSession } from "../UserSession.js";
import type { UserSessions } from "../UserSessions.js";

/** The app by which an operator's sounds go. */
const OPERATOR_PACKAGE = "console";
/** The layer of speech. */
const SPEECH_TRACK = 2;

/** What an operator asked for cannot be done. `code` is stable. */
export class OperationError extends Error {
  override readonly name = "OperationError";

  constructor(
    readonly status: 404 | 409,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What an operator can do, for every user. */
export class Operations {
  readonly #sessions: UserSessions;
  readonly #liveKit: LiveKitManager | undefined;

  constructor(sessions: UserSessions, liveKit: LiveKitManager | undefined) {
    this.#sessions = sessions;
    this.#liveKit = liveKit;
  }

  sessions(): SessionSummary[] {
    return [...this.#sessions].map(({ summary }) => summary);
  }

  session(userId: string): SessionSummary | undefined {
    return this.#sessions.get(userId)?.summary;
  }

  /** Plays in the user's room alone; the requestId follows it. @throws {OperationError} */
  play(userId: string, play: ApiPlay): string {
    const { speaker } = this.#session(userId);
    const requestId = play.requestId ?? `${OPERATOR_PACKAGE}-${randomUUID()}`;
    const [request, options] = startOf(requestId, play);
    const refusal = speaker.refusal(request, options);
    if (refusal?.code !== undefined) {
      throw new OperationError(409, refusal.code, refusal.message);
    }
    void speaker.start(request, options); // it never rejects: what becomes of it is in the job
    return requestId;
  }

  /** How many plays were stopped. @throws {OperationError} */
  stop(userId: string, trackId: number | undefined): number {
    const { speaker } = this.#session(userId);
    const meant = speaker.jobs.filter((job) => trackId === undefined || job.trackId === trackId);
    return meant.filter(({ requestId }) => speaker.stopJob(requestId)).length;
  }

  /** @throws {OperationError} */
  control(requestId: string, control: ApiControl): void {
    const found = this.#sessions.findJob(requestId);
    if (found === undefined) {
      throw new OperationError(409, "not_active", "The play has ended.");
    }
    if (!carryOut(found.session.speaker, requestId, control)) {
      throw new OperationError(409, "not_ready", "The bridge does not know of the play yet.");
    }
  }

  /** @throws {OperationError} */
  async listen(userId: string): Promise<LiveKitAccess> {
    this.#session(userId);
    if (this.#liveKit === undefined) {
      throw new OperationError(404, "no_room", "LiveKit is not configured: there is no room.");
    }
    return await this.#liveKit.listenerAccess(userId);
  }

  #session(userId: string): UserSession {
    const session = this.#sessions.get(userId);
    if (session === undefined) {
      throw new OperationError(404, "unknown_session", "This user has no session.");
    }
    return session;
  }
}

function startOf(requestId: string, play: ApiPlay): [AudioPlayRequest, PlayOptions] {
  const { url, text = "", voice, volume, stopOther, trackId, startMs, loop, queue } = play;
  const isSpeech = url === undefined;
  const request: AudioPlayRequest = {
    type: "audio_play_request",
    requestId,
    packageName: OPERATOR_PACKAGE,
    audioUrl: url ?? "speech:",
    trackId: trackId ?? (isSpeech ? SPEECH_TRACK : 0),
    ...(volume === undefined ? {} : { volume }),
    ...(stopOther === undefined ? {} : { stopOtherAudio: stopOther }),
  };
  const options: PlayOptions = {
    mode: "shadow", // nobody has to be there: the operator may be the only one who listens
    ...(isSpeech ? { source: { kind: "speech", text, voice } } : {}),
    ...(startMs === undefined ? {} : { startMs }),
    ...(loop === undefined ? {} : { loop }),
    ...(queue === undefined ? {} : { queue }),
  };
  return [request, options];
}

function carryOut(speaker: SpeakerManager, requestId: string, control: ApiControl): boolean {
  switch (control.action) {
    case "stop":
      return speaker.stopJob(requestId);
    case "pause":
      return speaker.pause(requestId);
    case "resume":
      return speaker.resume(requestId);
    case "seek":
      return speaker.seek(requestId, control.positionMs);
    case "volume":
      return speaker.setVolume(requestId, control.volume, control.rampMs);
  }
}
