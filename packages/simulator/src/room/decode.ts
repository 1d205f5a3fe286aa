import { OpusDecoder } from "opus-decoder";
import { downmix, type Pcm } from "../audio/pcm.js";
import { MEASURE_RATE } from "../audio/reference.js";
import type { OrderedPacket } from "./packets.js";

/** The longest stretch that is laid out in memory, in ms: a guard against a wild RTP timestamp. */
const MAX_TIMELINE_MS = 30 * 60_000;

/** Thrown when packets lie too far apart in RTP time to be laid out. */
export class TimelineError extends Error {
  override readonly name = "TimelineError";
}

/**
 * Decodes packets with libopus (WASM) and lays them out by RTP time: what is missing stays silent, so
 * that a gap is heard as one. Stereo at {@link MEASURE_RATE}; the first sample is the first packet's.
 * @throws {TimelineError} more than 30 minutes lie between the first and the last packet
 */
export async function decodePackets(packets: readonly OrderedPacket[]): Promise<Pcm> {
  const left = new Float32Array(timelineLength(packets));
  const right = new Float32Array(left.length);
  const start = packets[0]?.position ?? 0;
  const decoder = new OpusDecoder({
    channels: 2,
    streamCount: 1,
    coupledStreamCount: 1,
    channelMappingTable: [0, 1],
  });
  try {
    await decoder.ready;
    for (const packet of packets) {
      const { channelData, samplesDecoded } = decoder.decodeFrame(packet.payload);
      const at = packet.position - start;
      if (samplesDecoded > 0 && at >= 0) {
        left.set((channelData[0] as Float32Array).subarray(0, left.length - at), at);
        right.set((channelData[1] as Float32Array).subarray(0, right.length - at), at);
      }
    }
  } finally {
    decoder.free();
  }
  return { sampleRate: MEASURE_RATE, channels: [left, right] };
}

/** Like {@link decodePackets}, mixed down to mono. */
export async function decodeMono(packets: readonly OrderedPacket[]): Promise<Float32Array> {
  return downmix(await decodePackets(packets));
}

/** From the first packet's first sample to the end of the packet that reaches farthest. */
export function timelineLength(packets: readonly OrderedPacket[]): number {
  const start = packets[0]?.position ?? 0;
  const length = packets.reduce((end, packet) => Math.max(end, packet.position + packet.length - start), 0);
  if (length > (MAX_TIMELINE_MS * MEASURE_RATE) / 1000) {
    throw new TimelineError("The packets lie too far apart.");
  }
  return length;
}
