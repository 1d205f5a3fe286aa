import { type OrderedPacket, TICKS_PER_MS } from "./packets.js";

/** A stretch of time at a place in the sound. */
export interface Stretch {
  /** From the sound's first sample, in ms. */
  readonly atMs: number;
  readonly ms: number;
}

/** What was not as it should have been in the packets of one sound. */
export interface Gaps {
  /** Sequence numbers that never came. */
  readonly lostPackets: number;
  /** Where RTP time moved by something else than the sound sent (negative: it overlapped). */
  readonly jumps: readonly Stretch[];
  /** Packets that came later than the pace allows, and by how much. */
  readonly late: readonly Stretch[];
  /** Sum of all that was missing, in ms. */
  readonly totalMs: number;
}

/**
 * Finds the gaps of one sound. A packet is late when it came more than `lateMs` after its place in
 * RTP time, counted from the packet that came earliest against its own.
 */
export function findGaps(packets: readonly OrderedPacket[], lateMs: number): Gaps {
  const pairs = packets.slice(1).map((packet, i) => [packets[i] as OrderedPacket, packet] as const);
  const jumps = pairs.flatMap(([before, packet]) => jump(before, packet, packets));
  return {
    lostPackets: pairs.reduce((sum, [before, packet]) => sum + packet.index - before.index - 1, 0),
    jumps,
    late: delays(packets).filter(({ ms }) => ms > lateMs),
    totalMs: jumps.reduce((sum, { ms }) => sum + Math.abs(ms), 0),
  };
}

/** How many gaps there are. */
export function countGaps(gaps: Gaps): number {
  return gaps.jumps.length + gaps.late.length;
}

/** How late each packet came against the one that came earliest for its place. */
export function delays(packets: readonly OrderedPacket[]): Stretch[] {
  const first = packets[0];
  if (first === undefined) {
    return [];
  }
  const behind = packets.map((packet) => packet.atMs - packet.position / TICKS_PER_MS);
  const earliest = behind.reduce((a, b) => Math.min(a, b));
  return packets.map((packet, i) => ({
    atMs: (packet.position - first.position) / TICKS_PER_MS,
    ms: (behind[i] as number) - earliest,
  }));
}

function jump(before: OrderedPacket, packet: OrderedPacket, all: readonly OrderedPacket[]): Stretch[] {
  const off = packet.position - before.position - before.length;
  const start = all[0] as OrderedPacket;
  return off === 0
    ? []
    : [{ atMs: (packet.position - start.position) / TICKS_PER_MS, ms: off / TICKS_PER_MS }];
}
