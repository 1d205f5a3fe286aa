import { describe, expect, test } from "vitest";
import { measureLoudness, meterFill } from "../src/listen/loudness.js";
import { columnMs, PeakHistory } from "../src/listen/PeakHistory.js";
import { readReception } from "../src/listen/reception.js";

describe("what is heard", () => {
  test("CON-21 a full sine is at -3 dB, silence at -infinity", () => {
    const sine = Float32Array.from({ length: 4_800 }, (_, n) => Math.sin((2 * Math.PI * 1_000 * n) / 48_000));
    expect(measureLoudness(sine).rmsDb).toBeCloseTo(-3.01, 2);
    expect(measureLoudness(sine).peak).toBeCloseTo(1, 3);
    expect(measureLoudness(new Float32Array(100)).rmsDb).toBe(Number.NEGATIVE_INFINITY);
  });

  test("CON-21 the meter reaches from -60 dB to full scale", () => {
    expect([Number.NEGATIVE_INFINITY, -60, -30, 0, 3].map(meterFill)).toEqual([0, 0, 0.5, 1, 1]);
  });

  test("CON-21 the waveform keeps the highest peak of each column and forgets the oldest", () => {
    const history = new PeakHistory(4);
    history.add(0.2, 1_000);
    history.add(0.5, 1_000 + columnMs / 2);
    history.add(0.1, 1_000 + 2 * columnMs);
    expect(history.read().map((peak) => Math.round(peak * 10))).toEqual([0, 5, 0, 1]);
    history.add(0.3, 1_000 + 4 * columnMs);
    expect(history.read().map((peak) => Math.round(peak * 10))).toEqual([0, 1, 0, 3]);
  });

  test("CON-21 after a long pause the waveform is silent", () => {
    const history = new PeakHistory(4);
    history.add(1, 0);
    history.add(0, 60_000);
    expect(history.read()).toEqual([0, 0, 0, 0]);
  });

  test("CON-21 reception adds up the audio of all tracks", () => {
    const report = (entry: object) => new Map([["id", entry]]) as unknown as RTCStatsReport;
    const audio = { type: "inbound-rtp", kind: "audio", packetsReceived: 10, packetsLost: 1, jitter: 0.004 };
    expect(readReception([report(audio), report({ ...audio, jitter: 0.002 })])).toEqual({
      packetsReceived: 20,
      packetsLost: 2,
      jitterMs: 4,
      bytes: 0,
    });
    expect(readReception([report({ ...audio, kind: "video" })]).packetsReceived).toBe(0);
  });
});
