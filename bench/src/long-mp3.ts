import { readFileSync, writeFileSync } from "node:fs";

/** Layer III bit rates in kb/s by index, MPEG-1 (ISO/IEC 11172-3, 2.4.2.3). */
const bitRates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/** Sample rates in Hz by index, MPEG-1 (ISO/IEC 11172-3, 2.4.2.3). */
const sampleRates = [44_100, 48_000, 32_000];
const FRAME_SAMPLES = 1152;

/**
 * Writes a long MP3 by repeating the frames of a short MPEG-1 Layer III file, without its tags, so that
 * a benchmark needs no encoder. Returns its length in seconds.
 */
export function writeLongMp3(from: string, to: string, seconds: number): number {
  const { frames, rate, count } = audioFrames(readFileSync(from));
  const length = (count * FRAME_SAMPLES) / rate;
  const repeats = Math.ceil(seconds / length);
  writeFileSync(to, Buffer.concat(Array.from({ length: repeats }, () => frames)));
  return repeats * length;
}

function audioFrames(file: Buffer): { frames: Buffer; rate: number; count: number } {
  const frames: Buffer[] = [];
  let at = afterId3(file);
  let rate = 0;
  while (at + 4 <= file.length && file.readUInt16BE(at) >>> 5 === 0x7ff) {
    const header = file.readUInt32BE(at);
    rate = sampleRates[(header >>> 10) & 3] ?? 0;
    const kbps = bitRates[(header >>> 12) & 15] ?? 0;
    const size = Math.floor((144_000 * kbps) / rate) + ((header >>> 9) & 1);
    frames.push(file.subarray(at, at + size));
    at += size;
  }
  const audio = frames.filter((frame) => !isTag(frame));
  return { frames: Buffer.concat(audio), rate, count: audio.length };
}

/** An ID3v2 tag has its size in 4 x 7 bits (ID3v2.4 structure, section 3.1). */
function afterId3(file: Buffer): number {
  if (file.toString("latin1", 0, 3) !== "ID3") {
    return 0;
  }
  const size = [6, 7, 8, 9].reduce((sum, i) => sum * 128 + (file[i] ?? 0), 0);
  return 10 + size;
}

/** The first frame may hold the encoder's tag instead of sound. */
function isTag(frame: Buffer): boolean {
  const head = frame.subarray(0, 64).toString("latin1");
  return head.includes("Xing") || head.includes("Info");
}
