import { readFile } from "node:fs/promises";
import { MPEGDecoder } from "mpg123-decoder";
import { downmix, durationMs, type Pcm } from "./pcm.js";
import { resample } from "./resample.js";
import { readWav } from "./wav.js";

/** The rate at which everything is compared, in Hz: Opus' own. */
export const MEASURE_RATE = 48_000;

/** An original as a listener should hear it. */
export interface Reference {
  /** Mono, at {@link MEASURE_RATE}. */
  readonly samples: Float32Array;
  readonly durationMs: number;
}

/** Decodes a WAV or MP3 file with decoders that share nothing with the bridge. */
export async function readReference(path: string): Promise<Reference> {
  return decodeReference(await readFile(path));
}

/** Like {@link readReference}, of data in memory. */
export async function decodeReference(data: Uint8Array): Promise<Reference> {
  const isWav = data[0] === 0x52 && data[1] === 0x49; // "RI" of RIFF
  return toReference(isWav ? readWav(data) : await decodeMp3(data));
}

export function toReference(pcm: Pcm): Reference {
  return {
    samples: resample(downmix(pcm), pcm.sampleRate, MEASURE_RATE),
    durationMs: durationMs(pcm),
  };
}

/** mpg123 in WASM; encoder delay and padding are cut as the LAME tag says. */
async function decodeMp3(data: Uint8Array): Promise<Pcm> {
  const decoder = new MPEGDecoder();
  try {
    await decoder.ready;
    const { channelData, sampleRate } = decoder.decode(data);
    return { sampleRate, channels: channelData };
  } finally {
    decoder.free();
  }
}
