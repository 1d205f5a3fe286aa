import { isInstalled, measureCommand } from "./process.js";
import type { Line } from "./table.js";

/** The bridge's defaults for the published track, as ffmpeg's options. */
export const track = { bitrate: 64_000, complexity: 5, frameMs: 20 };

/** Seconds of the file that one run of the floor transcodes. */
const FLOOR_S = 60;

/** Whether ffmpeg is there, and what to say if not. */
export function withoutFfmpeg(): string | undefined {
  return isInstalled("ffmpeg") ? undefined : "ffmpeg is not installed (Debian: apt-get install ffmpeg)";
}

/**
 * The floor: share of a core that transcoding a file to the bridge's Opus settings takes, offline, for as
 * long as the sound lasts.
 */
export async function offlineTranscode(file: string): Promise<number> {
  const { bitrate, complexity, frameMs } = track;
  const input = [
    "-loglevel",
    "error",
    "-threads",
    "1",
    "-t",
    `${FLOOR_S}`,
    "-i",
    file,
    "-ac",
    "1",
    "-ar",
    "48000",
  ];
  const codec = ["-c:a", "libopus", "-b:a", `${bitrate}`, "-vbr", "constrained", "-application", "audio"];
  const effort = ["-compression_level", `${complexity}`, "-frame_duration", `${frameMs}`];
  const { cpu } = await measureCommand("ffmpeg", [
    ...input,
    ...codec,
    ...effort,
    "-f",
    "ogg",
    "-y",
    "/dev/null",
  ]);
  return cpu / FLOOR_S;
}

/** Whether a ratio meets a bound; unknown without a ratio. */
export function within(ratio: number | null, bound: number): Line["ok"] {
  return ratio === null ? null : ratio <= bound;
}
