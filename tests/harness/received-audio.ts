import type { Page } from "playwright-core";

/** What a page received of sound, from the browser's own WebRTC statistics. */
export interface ReceivedAudio {
  /** Total energy (W3C WebRTC statistics, `totalAudioEnergy`): full-scale seconds. */
  readonly energy: number;
  readonly packetsLost: number;
}

declare global {
  interface Window {
    testConnections?: RTCPeerConnection[];
  }
}

/** Notes the peer connections of every document that the page opens from now on. */
export async function watchConnections(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const made: RTCPeerConnection[] = [];
    window.testConnections = made;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        made.push(this);
      }
    };
  });
}

/** Adds up all inbound audio of the connections that were watched. */
export async function receivedAudio(page: Page): Promise<ReceivedAudio> {
  return await page.evaluate(async () => {
    const reports = await Promise.all((window.testConnections ?? []).map((made) => made.getStats()));
    const entries = reports.flatMap((report) => [...report.values()] as RTCInboundRtpStreamStats[]);
    const inbound = entries.filter(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
    const sum = (read: (entry: RTCInboundRtpStreamStats) => number | undefined) =>
      inbound.reduce((total, entry) => total + (read(entry) ?? 0), 0);
    return { energy: sum((entry) => entry.totalAudioEnergy), packetsLost: sum((entry) => entry.packetsLost) };
  });
}
