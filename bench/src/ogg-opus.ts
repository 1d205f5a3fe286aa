/** Samples at 48 kHz that a decoder drops at the start: libopus's look-ahead. */
const PRE_SKIP = 312;
const PACKET_SAMPLES = 960;
/** Packets a page: a second of sound. */
const PAGE_PACKETS = 50;
const [FIRST, LAST] = [2, 4];

/** An Ogg Opus file (RFC 7845) of mono packets of 20 ms, so that a benchmark needs no encoder. */
export function oggOpus(packets: readonly Uint8Array[]): Buffer {
  const pages = [page(FIRST, 0, 0, [identification()]), page(0, 0, 1, [comment()])];
  for (let at = 0; at < packets.length; at += PAGE_PACKETS) {
    const some = packets.slice(at, at + PAGE_PACKETS);
    const end = at + some.length;
    pages.push(page(end === packets.length ? LAST : 0, end * PACKET_SAMPLES, pages.length, some));
  }
  return Buffer.concat(pages);
}

/** RFC 7845, section 5.1. */
function identification(): Buffer {
  const head = Buffer.alloc(19);
  head.write("OpusHead");
  head[8] = 1;
  head[9] = 1;
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(48_000, 12);
  return head;
}

/** RFC 7845, section 5.2: no vendor, no comments. */
function comment(): Buffer {
  return Buffer.concat([Buffer.from("OpusTags"), Buffer.alloc(8)]);
}

/** A page of whole packets (RFC 3533, section 6). */
function page(flags: number, granule: number, sequence: number, packets: readonly Uint8Array[]): Buffer {
  const lacing = packets.flatMap(({ length }) => [
    ...Array<number>(Math.floor(length / 255)).fill(255),
    length % 255,
  ]);
  const head = Buffer.alloc(27);
  head.write("OggS");
  head[5] = flags;
  head.writeBigUInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(1, 14);
  head.writeUInt32LE(sequence, 18);
  head[26] = lacing.length;
  const whole = Buffer.concat([head, Buffer.from(lacing), ...packets]);
  whole.writeUInt32LE(checksum(whole), 22);
  return whole;
}

const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let sum = i << 24;
  for (let bit = 0; bit < 8; bit++) {
    sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  }
  return sum;
});

/** Of a page whose own checksum is zero (RFC 3533, section 6). */
function checksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => ((sum << 8) ^ (table[(sum >>> 24) ^ byte] ?? 0)) >>> 0, 0);
}
