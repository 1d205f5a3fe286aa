import path from "node:path";
import { binary } from "@server-playback/simulator";
import { isInstalled, measureCommand } from "../process.js";
import { median, spread } from "../stats.js";
import { type Line, notMeasured } from "../table.js";

const ROUNDS = 3;
/** Seconds of sound that each run converts. */
const SOUND_S = 180;

interface Work {
  readonly name: string;
  /** The file to read, made by ffmpeg from the MP3 if it is not that. */
  readonly file: string;
  readonly make?: readonly string[];
  readonly rate: "native" | "48000";
  readonly peer: { readonly command: string; readonly args: (file: string) => readonly string[] };
}

const toNothing = ["-f", "s16le", "-y", "/dev/null"];
const mpg123 = { command: "mpg123", args: (file: string) => ["-q", "-t", file] };
const ffmpeg = {
  command: "ffmpeg",
  args: (file: string) => ["-loglevel", "error", "-threads", "1", "-i", file, ...toNothing],
};
const sox = {
  command: "sox",
  args: (file: string) => ["-D", file, "-r", "48000", "-t", "wav", "/dev/null", "rate", "-v"],
};

const works: readonly Work[] = [
  { name: "MP3", file: "long.mp3", rate: "native", peer: mpg123 },
  { name: "MP3", file: "long.mp3", rate: "native", peer: ffmpeg },
  { name: "FLAC", file: "long.flac", make: [], rate: "native", peer: ffmpeg },
  { name: "Ogg Vorbis", file: "long.ogg", make: ["-c:a", "libvorbis"], rate: "native", peer: ffmpeg },
  { name: "Ogg Opus", file: "long.opus", make: ["-c:a", "libopus"], rate: "native", peer: ffmpeg },
  { name: "resampler, WAV 44.1 to 48 kHz", file: "long.wav", make: [], rate: "48000", peer: sox },
];

/** Decoders and the resampler alone, times real time, whole processes, beside others. */
export async function decoders(longMp3: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (const work of works) {
    lines.push(await line(work, path.dirname(longMp3), longMp3));
  }
  return lines;
}

async function line(work: Work, folder: string, longMp3: string): Promise<Line> {
  const name = `${work.name} beside ${work.peer.command}`;
  const unit = "x real time";
  const file = path.join(folder, work.file);
  if (work.make !== undefined) {
    if (!isInstalled("ffmpeg")) {
      return notMeasured(name, unit, "ffmpeg is not installed (Debian: apt-get install ffmpeg)");
    }
    await measureCommand("ffmpeg", ["-loglevel", "error", "-i", longMp3, ...work.make, "-y", file]);
  }
  const args = ["decode", file, "--rate", work.rate]; // the sound goes nowhere, as the others' does
  const ours = await times(() => measureCommand(binary("BRIDGE_BIN", process.env), args));
  if (!isInstalled(work.peer.command)) {
    const why = `${work.peer.command} is not installed (Debian: apt-get install ${work.peer.command})`;
    return { ...notMeasured(name, unit, why), ours: median(ours) };
  }
  const peer = await times(() => measureCommand(work.peer.command, work.peer.args(file)));
  const note = `CPU of whole processes, ours ${spread(ours)}, ${work.peer.command} ${spread(peer)}`;
  const ratio = median(ours) / median(peer);
  return {
    name,
    unit,
    ours: median(ours),
    floor: null,
    peer: median(peer),
    ratio,
    target: null,
    ok: null,
    note,
  };
}

/** Times real time of several runs, by CPU. */
async function times(run: () => Promise<{ cpu: number }>): Promise<number[]> {
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    figures.push(SOUND_S / (await run()).cpu);
  }
  return figures;
}
