import { type Loudness, measureLoudness } from "./loudness.js";

/** Samples looked at at a time: 43 ms at 48 kHz, longer than the time between two frames of a screen. */
const WINDOW_SAMPLES = 2048;

/** Looks at the sound of the received tracks, mixed, without changing it. */
export class SoundProbe {
  readonly #context = new AudioContext();
  readonly #analyser = new AnalyserNode(this.#context, { fftSize: WINDOW_SAMPLES });
  readonly #samples = new Float32Array(WINDOW_SAMPLES);
  readonly #sources = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();

  add(track: MediaStreamTrack): void {
    const source = this.#context.createMediaStreamSource(new MediaStream([track]));
    source.connect(this.#analyser);
    this.#sources.set(track, source);
    // A context made without a gesture begins suspended.
    this.#context.resume().catch(() => undefined);
  }

  remove(track: MediaStreamTrack): void {
    this.#sources.get(track)?.disconnect();
    this.#sources.delete(track);
  }

  /** The newest samples' loudness. */
  measure(): Loudness {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return measureLoudness(this.#samples);
  }

  async close(): Promise<void> {
    for (const source of this.#sources.values()) {
      source.disconnect();
    }
    this.#sources.clear();
    if (this.#context.state !== "closed") {
      await this.#context.close();
    }
  }
}
