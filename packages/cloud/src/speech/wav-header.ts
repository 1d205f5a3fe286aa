import type { PcmFormat } from "./SpeechProvider.js";

/** Length that says that it is not known: what streams of WAV carry by convention. */
const UNKNOWN = 0xffffffff;
export const WAV_HEADER_BYTES = 44;

/**
 * The header of a WAV file of s16le samples (RIFF, Multimedia Programming Interface 1.0).
 * @param bytes of the samples; absent while they are still being made
 */
export function wavHeader({ sampleRate, channels }: PcmFormat, bytes?: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  const frame = 2 * channels;
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(bytes === undefined ? UNKNOWN : bytes + WAV_HEADER_BYTES - 8, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * frame, 28);
  header.writeUInt16LE(frame, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(bytes ?? UNKNOWN, 40);
  return header;
}
