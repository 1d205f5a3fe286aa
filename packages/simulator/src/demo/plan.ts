/** One step of the demo: a sound that an app plays, whole or until it is stopped. */
export interface DemoStep {
  readonly name: string;
  /** A file of `samples/`. */
  readonly file: string;
  readonly volume: number;
  /** The app stops the sound when this much of it has been heard, in ms. */
  readonly stopAfterMs?: number;
  /** The room has been joined by an earlier step, so that joining is no part of the first packet's time. */
  readonly joined: boolean;
}

export const steps: readonly DemoStep[] = [
  { name: "a WAV", file: "chime.wav", volume: 1, joined: false },
  { name: "an MP3", file: "tune-5s.mp3", volume: 1, joined: true },
  { name: "an MP3 stopped in the middle", file: "tune-10s.mp3", volume: 1, stopAfterMs: 4_000, joined: true },
];

/** What has to hold. Times in ms. */
export const limits = {
  /** First packet after the app's call, in a room that the bridge is in; expected well below. */
  firstPacketMs: 250,
  /** What is expected of it on an idle machine. */
  firstPacketExpectedMs: 25,
  /** The same, where the bridge has to join first. */
  firstPacketJoiningMs: 2_500,
  lengthErrorMs: 20,
  /** A packet that comes later than this against the pace is a gap to any listener. */
  lateMs: 100,
  likeness: 0.95,
  /** Of the worst 200 ms. */
  worstLikeness: 0.9,
  levelErrorDb: 0.5,
  /** Last packet after the app's call to stop: a fade of 20 ms, and the way there. */
  stopMs: 150,
  /** What a job says that it played, beside what was heard. */
  reportedErrorMs: 40,
} as const;
