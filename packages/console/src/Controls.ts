import type { ApiControl, ApiPlay } from "@server-playback/protocol";
import { type ApiClient, ApiError } from "./api/client.js";
import { liveSocket } from "./api/live-socket.js";
import { storedToken } from "./api/token.js";
import { RoomEar } from "./listen/RoomEar.js";
import { LiveConnection } from "./live/LiveConnection.js";
import { readPlayText } from "./play-text.js";
import { activeJobs, effectiveVolume, type Layer } from "./state/selectors.js";
import type { Mix } from "./state/state.js";
import type { Store } from "./state/store.js";

/** A fader that moves sends at most one volume in this time, in ms. */
const FADER_INTERVAL_MS = 80;
const DUCK_RAMP_MS = 200;
/** How long a play waits until this page hears the room, in ms: to hear its beginning is worth that. */
const HEARING_WAIT_MS = 4_000;
const OLDER_PAGE = 500;
const NOTICE_MS = { info: 4_000, error: 12_000 } as const;

/** What happens to what already sounds on the user's room when a play comes. */
export type Others = "replace" | "mix" | "queue";

export interface PlayOrder {
  readonly typed: string;
  readonly layer: Layer;
  readonly others: Others;
  readonly loop: boolean;
}

/** Everything that the page can do. It does nothing that the API cannot. */
export class Controls {
  readonly #store: Store;
  readonly #api: ApiClient;
  #live: LiveConnection | undefined;
  #ear: Promise<RoomEar | undefined> | undefined;
  /** Numbers the joins of rooms: a late one is closed. */
  #joins = 0;
  #listenVolume = 1;
  #faderTimer: ReturnType<typeof setTimeout> | undefined;
  #notices = 0;
  #loadingOlder: Promise<void> | undefined;

  constructor(store: Store, api: ApiClient) {
    this.#store = store;
    this.#api = api;
  }

  // ---- access ---------------------------------------------------------------------------------

  /** Finds out whether the API lets this page in, and then follows it live. */
  async start(): Promise<void> {
    if (await this.#mayConnect()) {
      this.#live = new LiveConnection({
        open: () => liveSocket(storedToken.get()),
        onMessages: (messages) => this.#store.dispatch({ type: "live", messages }),
        onLink: (link) => this.#store.dispatch({ type: "link", link }),
        mayRetry: () => this.#mayConnect(),
      });
    }
  }

  async submitToken(token: string): Promise<void> {
    storedToken.set(token);
    this.#live?.close();
    await this.start();
  }

  /** Asks for the token again. */
  forgetToken(): void {
    storedToken.clear();
    this.#live?.close();
    this.#store.dispatch({ type: "access", access: { state: "token_needed", refused: false } });
  }

  reconnect(): void {
    this.#live?.retry();
  }

  /** A server that is away is no refusal: the socket goes on trying. */
  async #mayConnect(): Promise<boolean> {
    try {
      await this.#api.checkAccess();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        const refused = storedToken.get() !== undefined;
        storedToken.clear();
        this.#live?.close();
        this.#store.dispatch({ type: "access", access: { state: "token_needed", refused } });
        return false;
      }
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        this.#store.dispatch({ type: "access", access: { state: "off", message: error.message } });
        return false;
      }
    }
    this.#store.dispatch({ type: "access", access: { state: "open" } });
    return true;
  }

  // ---- playing --------------------------------------------------------------------------------

  /** Plays a URL or a sentence to the selected session; hears the room first, so as to hear it whole. */
  async play({ typed, layer, others, loop }: PlayOrder): Promise<boolean> {
    const { userId, mix } = this.#store.state;
    const what = readPlayText(typed);
    if (what.kind === "empty" || userId === undefined) {
      return false;
    }
    await this.#hearSoon(userId);
    const play: ApiPlay = {
      ...(what.kind === "url" ? { url: what.url } : { text: what.text }),
      trackId: layer,
      volume: effectiveVolume(mix, layer),
      stopOther: others === "replace",
      ...(others === "queue" ? { queue: true } : {}),
      ...(loop ? { loop } : {}),
    };
    return await this.#attempt(async () => {
      this.selectJob(await this.#api.play(userId, play));
    });
  }

  async control(requestId: string, control: ApiControl): Promise<void> {
    await this.#attempt(() => this.#api.control(requestId, control));
  }

  /** Pauses the job or lets it go on. */
  async togglePause(requestId: string): Promise<void> {
    const paused = this.#store.state.jobs.get(requestId)?.paused === true;
    await this.control(requestId, { action: paused ? "resume" : "pause" });
  }

  /** Moves within the sound by some ms. */
  async seekBy(requestId: string, byMs: number): Promise<void> {
    const positionMs = Math.max(0, (this.#store.state.jobs.get(requestId)?.positionMs ?? 0) + byMs);
    await this.control(requestId, { action: "seek", positionMs });
  }

  /** Stops all that the selected session hears. */
  async stopAll(): Promise<void> {
    const { userId } = this.#store.state;
    if (userId !== undefined) {
      await this.#attempt(() => this.#api.stopAll(userId));
    }
  }

  // ---- mixing ---------------------------------------------------------------------------------

  setLevel(layer: Layer, level: number): void {
    const { mix } = this.#store.state;
    const levels: [number, number, number] = [...mix.levels];
    levels[layer] = level;
    this.#store.dispatch({ type: "mix", mix: { ...mix, levels } });
    this.#faderTimer ??= setTimeout(() => {
      this.#faderTimer = undefined;
      this.#applyMix([layer], FADER_INTERVAL_MS);
    }, FADER_INTERVAL_MS);
  }

  toggleDuck(): void {
    const { mix } = this.#store.state;
    const next: Mix = { ...mix, ducked: !mix.ducked };
    this.#store.dispatch({ type: "mix", mix: next });
    this.#applyMix([0, 1], DUCK_RAMP_MS);
  }

  #applyMix(layers: readonly Layer[], rampMs: number): void {
    const { state } = this.#store;
    for (const { requestId, trackId } of activeJobs(state, state.userId)) {
      const layer = layers.find((one) => one === trackId);
      if (layer !== undefined) {
        const volume = effectiveVolume(state.mix, layer);
        void this.control(requestId, { action: "volume", volume, rampMs });
      }
    }
  }

  // ---- looking --------------------------------------------------------------------------------

  selectUser(userId: string): void {
    const { hearing } = this.#store.state;
    this.#store.dispatch({ type: "select_user", userId });
    if (hearing.state === "on" && hearing.userId !== userId) {
      void this.listen(userId);
    }
  }

  /** Shows a job, and asks for what it went through before this page looked. */
  selectJob(requestId: string | undefined): void {
    this.#store.dispatch({ type: "select_job", requestId });
    if (requestId !== undefined) {
      this.#api.job(requestId).then(
        (job) => this.#store.dispatch({ type: "job_loaded", job }),
        (error: unknown) => {
          // A job that was only just taken may not be listed yet; the live socket tells of it.
          if (!(error instanceof ApiError && error.status === 404)) {
            this.#notify("error", error);
          }
        },
      );
    }
  }

  /** Lists a page of older jobs, if there is one; one page at a time. */
  loadOlder(): void {
    const { older } = this.#store.state;
    if (older.state === "none" || this.#loadingOlder !== undefined) {
      return;
    }
    this.#loadingOlder = this.#attempt(async () => {
      const page = await this.#api.jobs(OLDER_PAGE, older.state === "more" ? older.before : undefined);
      this.#store.dispatch({ type: "older_jobs", jobs: page.jobs, next: page.next });
    }).then((worked) => {
      this.#loadingOlder = undefined;
      if (!worked) {
        this.#store.dispatch({ type: "older_jobs", jobs: [], next: undefined });
      }
    });
  }

  // ---- hearing --------------------------------------------------------------------------------

  /** Joins the user's room and lets this page sound. */
  async listen(userId: string): Promise<void> {
    const join = ++this.#joins;
    const former = this.#ear;
    this.#store.dispatch({ type: "hearing", hearing: { state: "joining", userId } });
    this.#ear = this.#join(userId, join);
    await (await former)?.close();
    await this.#ear;
  }

  async stopListening(): Promise<void> {
    this.#joins++;
    const ear = this.#ear;
    this.#ear = undefined;
    this.#store.dispatch({ type: "hearing", hearing: { state: "off" } });
    await (await ear)?.close();
  }

  async toggleListening(): Promise<void> {
    const { hearing, userId } = this.#store.state;
    if (hearing.state === "on" || hearing.state === "joining") {
      await this.stopListening();
    } else if (userId !== undefined) {
      await this.listen(userId);
    }
  }

  /** What this page hears with, while it does. */
  get ear(): Promise<RoomEar | undefined> {
    return this.#ear ?? Promise.resolve(undefined);
  }

  get listenVolume(): number {
    return this.#listenVolume;
  }

  /** Loudness of this page alone. */
  async setListenVolume(volume: number): Promise<void> {
    this.#listenVolume = volume;
    (await this.ear)?.setVolume(volume);
  }

  async #join(userId: string, join: number): Promise<RoomEar | undefined> {
    const isCurrent = () => join === this.#joins;
    try {
      const access = await this.#api.listen(userId);
      const hear = (tracks: number) => {
        const { roomName } = access;
        if (isCurrent()) {
          this.#store.dispatch({ type: "hearing", hearing: { state: "on", userId, roomName, tracks } });
        }
      };
      let tracks = 0;
      const ear = await RoomEar.join(access, {
        onTracks: (count) => {
          tracks = count;
          hear(count);
        },
        onLost: () => isCurrent() && this.#hearingFailed(userId, "The room ended or was lost: listen again."),
      });
      ear.setVolume(this.#listenVolume);
      hear(tracks);
      return ear;
    } catch (error) {
      if (isCurrent()) {
        const why =
          error instanceof ApiError ? error.message : "The LiveKit server cannot be reached from here.";
        this.#hearingFailed(userId, why);
      }
      return undefined;
    }
  }

  #hearingFailed(userId: string, message: string): void {
    this.#store.dispatch({ type: "hearing", hearing: { state: "failed", userId, message } });
  }

  /** Waits, for a bounded time, until this page is in the room. */
  async #hearSoon(userId: string): Promise<void> {
    const { hearing } = this.#store.state;
    if (hearing.state === "on" && hearing.userId === userId) {
      return;
    }
    const bound = new Promise<void>((resolve) => setTimeout(resolve, HEARING_WAIT_MS));
    await Promise.race([this.listen(userId), bound]);
  }

  // ---- telling --------------------------------------------------------------------------------

  notify(tone: "info" | "error", text: string): void {
    const id = ++this.#notices;
    this.#store.dispatch({ type: "notify", notice: { id, tone, text } });
    setTimeout(() => this.#store.dispatch({ type: "dismiss", id }), NOTICE_MS[tone]);
  }

  dismiss(id: number): void {
    this.#store.dispatch({ type: "dismiss", id });
  }

  #notify(tone: "info" | "error", error: unknown): void {
    this.notify(tone, error instanceof Error ? error.message : String(error));
  }

  /** Does something and tells of a refusal; resolves to whether it worked. */
  async #attempt(what: () => Promise<void>): Promise<boolean> {
    try {
      await what();
      return true;
    } catch (error) {
      this.#notify("error", error);
      return false;
    }
  }
}
