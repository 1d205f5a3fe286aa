/** What is played: a file of `samples/`, or a text that is spoken. */
export type DemoSound = { readonly file: string } | { readonly text: string };

/** One step of the demo: a sound that an app plays, whole or until it is stopped. */
export interface DemoStep {
  readonly name: string;
  /** Its recording is `out/demo-<recording>.wav`. */
  readonly recording: string;
  readonly sound: DemoSound;
  readonly volume: number;
  /** Shadow: the glasses play, and the room hears it too. Primary: the room plays. */
  readonly mode: "shadow" | "primary";
  /** The app stops the sound when this much of it has been heard, in ms. */
  readonly stopAfterMs?: number;
  /** The room has been joined by an earlier step, so that joining is no part of the first packet's time. */
  readonly joined: boolean;
  /** It was said in the step before, so that it is to sound sooner now. */
  readonly saidBefore?: true;
  /** The glasses leave their room first: they have to play it themselves, and the room stays silent. */
  readonly away?: true;
}

const text = "The train to the coast leaves at nine. Please keep your ticket at hand.";
const shadow = { mode: "shadow", volume: 1 } as const;
const primary = { mode: "primary", volume: 1, joined: true } as const;

export const steps: readonly DemoStep[] = [
  { ...shadow, name: "a WAV", recording: "chime", sound: { file: "chime.wav" }, joined: false },
  { ...shadow, name: "an MP3", recording: "tune-5s", sound: { file: "tune-5s.mp3" }, joined: true },
  {
    ...shadow,
    name: "an MP3 stopped in the middle",
    recording: "tune-10s",
    sound: { file: "tune-10s.mp3" },
    stopAfterMs: 4_000,
    joined: true,
  },
  { ...primary, name: "primary play", recording: "primary-play", sound: { file: "chime.wav" } },
  {
    ...primary,
    name: "primary stop",
    recording: "primary-stop",
    sound: { file: "tune-10s.mp3" },
    stopAfterMs: 2_000,
  },
  { ...primary, name: "speech direct", recording: "speech-direct", sound: { text } },
  { ...primary, name: "speech cached", recording: "speech-cached", sound: { text }, saidBefore: true },
  {
    ...primary,
    name: "fallback to the glasses",
    recording: "fallback",
    sound: { file: "chime.wav" },
    away: true,
  },
];

/** What has to hold. Times in ms. */
export const limits = {
  /** First packet after the app's call, in a room that the bridge is in; expected well below. */
  firstPacketMs: 250,
  /** What is expected of it on an idle machine. */
  firstPacketExpectedMs: 25,
  /** The same, where the bridge has to join first. */
  firstPacketJoiningMs: 2_500,
  /** The same, where the first sentence has to be made first. */
  firstPacketSpeechMs: 2_000,
  firstPacketSpeechExpectedMs: 250,
  lengthErrorMs: 20,
  /** Speech fades in and out: where it begins and ends is a matter of the codec's noise. */
  speechLengthErrorMs: 60,
  /** A packet that comes later than this against the pace is a gap to any listener. */
  lateMs: 100,
  likeness: 0.95,
  /** Of the worst 200 ms. */
  worstLikeness: 0.9,
  levelErrorDb: 0.5,
  /** Last packet after the app's call to stop: a fade of 20 ms, and the way there. */
  stopMs: 150,
  /** What a job or an answer says was played, beside what was heard. */
  reportedErrorMs: 40,
} as const;

/** When the first packet has to be there, in ms after the app's call, and when it is expected. */
export function firstPacket({ joined, sound, saidBefore }: DemoStep): { limitMs: number; hint: string } {
  if (!joined) {
    return { limitMs: limits.firstPacketJoiningMs, hint: "joining the room included" };
  }
  const isMade = "text" in sound && saidBefore === undefined;
  const expectedMs = isMade ? limits.firstPacketSpeechExpectedMs : limits.firstPacketExpectedMs;
  return {
    limitMs: isMade ? limits.firstPacketSpeechMs : limits.firstPacketMs,
    hint: `expected: under ${expectedMs} ms`,
  };
}
