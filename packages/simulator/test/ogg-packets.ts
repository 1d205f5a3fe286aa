import { readFileSync } from "node:fs";
import type { ArrivedPacket } from "../src/index.js";

const PACKET_MS = 20;
/** Wall clock at which the first packet of a fixture "arrives". */
export const arrivalStart = 1_795_000_000_000;

/**
 * The Opus packets of an Ogg file (RFC 3533, RFC 7845), as if they had arrived in time over RTP, with
 * counters that wrap on the way.
 */
export function packetsOfOgg(name: string): ArrivedPacket[] {
  const [, , ...sound] = oggPackets(readFileSync(new URL(`fixtures/${name}`, import.meta.url))); // less both headers
  return sound.map((payload, i) => ({
    atMs: arrivalStart + i * PACKET_MS,
    seq: (65_530 + i) % 2 ** 16,
    timestamp: (2 ** 32 - 4 * 960 + i * 960) % 2 ** 32,
    marker: i === 0,
    ssrc: 1,
    payload,
  }));
}

function oggPackets(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let part: number[] = [];
  for (let page = 0; page < file.length; ) {
    const segments = file.subarray(page + 27, page + 27 + (file[page + 26] as number));
    let at = page + 27 + segments.length;
    for (const bytes of segments) {
      part.push(...file.subarray(at, at + bytes));
      at += bytes;
      if (bytes < 255) {
        packets.push(Uint8Array.from(part));
        part = [];
      }
    }
    page = at;
  }
  return packets;
}
