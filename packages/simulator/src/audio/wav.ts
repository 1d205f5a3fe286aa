import { frameCount, type Pcm } from "./pcm.js";

/** Thrown for data that is not a WAV that this reader takes. */
export class WavError extends Error {
  override readonly name = "WavError";
}

const PCM_FORMAT = 1;
const HEADER_BYTES = 44;

/**
 * Reads a RIFF WAVE file of 16-bit PCM: a reader of its own for references, so that a mistake of the
 * bridge's reader cannot hide in the measuring.
 * @throws {WavError} anything else
 */
export function readWav(data: Uint8Array): Pcm {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < HEADER_BYTES || tag(data, 0) !== "RIFF" || tag(data, 8) !== "WAVE") {
    throw new WavError("This is not a WAV file.");
  }
  const format = chunk(data, view, "fmt ");
  const channels = view.getUint16(format.at + 2, true);
  const sampleRate = view.getUint32(format.at + 4, true);
  const bits = view.getUint16(format.at + 14, true);
  if (view.getUint16(format.at, true) !== PCM_FORMAT || bits !== 16 || channels === 0) {
    throw new WavError("Only 16-bit PCM is read.");
  }
  const sound = chunk(data, view, "data");
  return { sampleRate, channels: deinterleave(view, sound.at, sound.bytes, channels) };
}

/** Writes 16-bit PCM; values beyond full scale are clamped. */
export function writeWav(pcm: Pcm): Uint8Array<ArrayBuffer> {
  const channels = pcm.channels.length;
  const bytes = frameCount(pcm) * channels * 2;
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + bytes));
  writeHeader(view, pcm.sampleRate, channels, bytes);
  pcm.channels.forEach((channel, index) => {
    for (let i = 0; i < channel.length; i++) {
      view.setInt16(HEADER_BYTES + (i * channels + index) * 2, toInt16(channel[i] ?? 0), true);
    }
  });
  return new Uint8Array(view.buffer);
}

function toInt16(sample: number): number {
  return Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
}

function writeHeader(view: DataView, sampleRate: number, channels: number, bytes: number): void {
  writeTag(view, 0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  writeTag(view, 8, "WAVE");
  writeTag(view, 12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM_FORMAT, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  writeTag(view, 36, "data");
  view.setUint32(40, bytes, true);
}

function deinterleave(view: DataView, at: number, bytes: number, count: number): Float32Array[] {
  const frames = Math.floor(bytes / (2 * count));
  const channels = Array.from({ length: count }, () => new Float32Array(frames));
  channels.forEach((channel, index) => {
    for (let i = 0; i < frames; i++) {
      channel[i] = view.getInt16(at + (i * count + index) * 2, true) / 32768;
    }
  });
  return channels;
}

/** Where a chunk's content lies; a chunk that claims more than there is ends with the file. */
function chunk(data: Uint8Array, view: DataView, name: string): { at: number; bytes: number } {
  for (let at = 12; at + 8 <= data.length; ) {
    const bytes = view.getUint32(at + 4, true);
    if (tag(data, at) === name) {
      return { at: at + 8, bytes: Math.min(bytes, data.length - at - 8) };
    }
    at += 8 + bytes + (bytes % 2);
  }
  throw new WavError(`There is no "${name}" chunk.`);
}

function tag(data: Uint8Array, at: number): string {
  return String.fromCharCode(...data.subarray(at, at + 4));
}

function writeTag(view: DataView, at: number, name: string): void {
  for (let i = 0; i < 4; i++) {
    view.setUint8(at + i, name.charCodeAt(i));
  }
}
