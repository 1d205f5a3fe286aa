/** One RTP packet of an Opus track as it arrived. */
export interface ArrivedPacket {
  /** Wall clock at its arrival, in ms since the Unix epoch, exact to 1 µs. */
  readonly atMs: number;
  /** RFC 3550: 16 bits, wraps. */
  readonly seq: number;
  /** RFC 3550, at 48 kHz (RFC 7587, section 4.1): 32 bits, wraps. */
  readonly timestamp: number;
  readonly marker: boolean;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

/** A packet in the order of sending, its counters unwrapped. */
export interface OrderedPacket extends ArrivedPacket {
  readonly index: number;
  /** In samples at 48 kHz. */
  readonly position: number;
  /** Sound in the packet, in samples at 48 kHz. */
  readonly length: number;
}

/** RTP ticks of Opus in 1 ms. */
export const TICKS_PER_MS = 48;

/** Puts packets in the order of sending, unwraps their counters and drops duplicates. */
export function ordered(packets: readonly ArrivedPacket[]): OrderedPacket[] {
  const first = packets[0];
  if (first === undefined) {
    return [];
  }
  let [index, position] = [first.seq, first.timestamp];
  const unwrapped = packets.map((packet) => {
    index = unwrap(index, packet.seq, 2 ** 16);
    position = unwrap(position, packet.timestamp, 2 ** 32);
    return { ...packet, index, position, length: opusLength(packet.payload) };
  });
  return unwrapped
    .sort((a, b) => a.index - b.index)
    .filter((packet, i, all) => packet.index !== all[i - 1]?.index);
}

/** The value congruent to `next` that is nearest to `previous`. */
function unwrap(previous: number, next: number, modulus: number): number {
  const step = (((next - previous) % modulus) + modulus) % modulus;
  return previous + (step >= modulus / 2 ? step - modulus : step);
}

/** Frame lengths in samples at 48 kHz by configuration number (RFC 6716, section 3.1, table 2). */
const silk = [480, 960, 1920, 2880];
const hybrid = [480, 960];
const celt = [120, 240, 480, 960];
const frameLengths = [...silk, ...silk, ...silk, ...hybrid, ...hybrid, ...celt, ...celt, ...celt, ...celt];

/** Length of an Opus packet's sound in samples at 48 kHz, from its first bytes; 0 of an empty one. */
export function opusLength(payload: Uint8Array): number {
  const toc = payload[0];
  if (toc === undefined) {
    return 0;
  }
  const code = toc & 3;
  const frames = code === 3 ? (payload[1] ?? 0) & 63 : code === 0 ? 1 : 2;
  return frames * (frameLengths[toc >> 3] as number);
}

/** An empty Opus frame and zeros, 80 bytes in all, which is what a LiveKit server sends as silence. */
const serverSilence = Buffer.concat([Buffer.from([0xf8, 0xff, 0xfe]), Buffer.alloc(77)]);

/** Whether a packet is silence of the server's own: whoever subscribes to a track that is idle gets some. */
export function isServerSilence(payload: Uint8Array): boolean {
  return serverSilence.equals(payload);
}

/**
 * Splits a track into its sounds: a new one begins where the RTP time moves on by more than `idleMs`
 * with an unbroken sequence, which is how an idle room resumes.
 */
export function splitAtIdle(packets: readonly ArrivedPacket[], idleMs = 200): OrderedPacket[][] {
  const sounds: OrderedPacket[][] = [];
  let previous: OrderedPacket | undefined;
  for (const packet of ordered(packets)) {
    const idle =
      previous === undefined ||
      (packet.index === previous.index + 1 &&
        packet.position - previous.position - previous.length > idleMs * TICKS_PER_MS);
    if (idle) {
      sounds.push([]);
    }
    sounds.at(-1)?.push(packet);
    previous = packet;
  }
  return sounds;
}
