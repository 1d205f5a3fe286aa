/** How well the sound arrives, from the browser's WebRTC statistics. */
export interface Reception {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Inter-arrival jitter in ms (RFC 3550, 6.4.1). */
  readonly jitterMs: number;
  /** Opus bytes received. */
  readonly bytes: number;
}

/** Nothing received yet. */
export const noReception: Reception = { packetsReceived: 0, packetsLost: 0, jitterMs: 0, bytes: 0 };

/** Adds up the inbound audio of several tracks' reports; the jitter is the worst of them. */
export function readReception(reports: Iterable<RTCStatsReport>): Reception {
  let sum = noReception;
  for (const report of reports) {
    for (const entry of report.values() as Iterable<Partial<RTCInboundRtpStreamStats>>) {
      if (entry.type === "inbound-rtp" && entry.kind === "audio") {
        sum = {
          packetsReceived: sum.packetsReceived + (entry.packetsReceived ?? 0),
          packetsLost: sum.packetsLost + (entry.packetsLost ?? 0),
          jitterMs: Math.max(sum.jitterMs, (entry.jitter ?? 0) * 1000),
          bytes: sum.bytes + (entry.bytesReceived ?? 0),
        };
      }
    }
  }
  return sum;
}
