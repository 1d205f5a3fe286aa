import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type ArrivedPacket,
  compare,
  countGaps,
  type Heard,
  measure,
  ordered,
  type Reference,
  readReference,
  toReference,
  tune,
} from "../src/index.js";
import { arrivalStart, packetsOfOgg } from "./ogg-packets.js";

let original: Reference;
let packets: ArrivedPacket[];

beforeAll(async () => {
  original = await readReference(fileURLToPath(new URL("../../../samples/chime.wav", import.meta.url)));
  packets = packetsOfOgg("chime.opus");
});

async function hear(arrived: readonly ArrivedPacket[]): Promise<Heard> {
  const heard = await measure(ordered(arrived));
  if (heard === undefined) {
    throw new Error("nothing was heard");
  }
  return heard;
}

describe("SIM-1 a sound that arrives whole", () => {
  test("SIM-1 has the original's length, level and shape, and no gap", async () => {
    const heard = await hear(packets);
    const like = compare(heard, original);
    expect(heard.firstPacketAtMs).toBe(arrivalStart);
    expect(Math.abs(like.lengthErrorMs)).toBeLessThan(20);
    expect(like.overall).toBeGreaterThan(0.99);
    expect(like.worst).toBeGreaterThan(0.97);
    expect(Math.abs(like.levelDb)).toBeLessThan(0.2);
    expect(countGaps(heard.gaps)).toBe(0);
    expect(heard.gaps.lostPackets).toBe(0);
  });

  test("SIM-1 is the same when packets come twice or in another order", async () => {
    const mixed = [...packets];
    [mixed[10], mixed[11]] = [mixed[11] as ArrivedPacket, mixed[10] as ArrivedPacket];
    mixed.splice(30, 0, mixed[20] as ArrivedPacket);
    const heard = await hear(mixed);
    expect(heard.packets).toBe(packets.length);
    expect(heard.samples).toEqual((await hear(packets)).samples);
  });

  test("SIM-1 nothing is nothing", async () => {
    expect(await measure([])).toBeUndefined();
  });
});

describe("SIM-2 each measure fails on its fault", () => {
  test("SIM-2 a lost packet: a gap of 20 ms at its place", async () => {
    const { gaps } = await hear(packets.toSpliced(30, 1));
    expect(gaps.lostPackets).toBe(1);
    expect(gaps.jumps).toEqual([{ atMs: 620, ms: 20 }]);
    expect(gaps.totalMs).toBe(20);
  });

  test("SIM-2 a jump of RTP time with the sequence unbroken: a gap", async () => {
    const jumped = packets.map((packet, i) =>
      i < 40 ? packet : { ...packet, timestamp: (packet.timestamp + 48 * 35) % 2 ** 32 },
    );
    const heard = await hear(jumped);
    expect(heard.gaps.jumps).toEqual([{ atMs: 835, ms: 35 }]);
    expect(heard.gaps.lostPackets).toBe(0);
    expect(compare(heard, original).worst).toBeLessThan(0.9);
    expect(compare(heard, original).lengthErrorMs).toBeGreaterThan(30);
  });

  test("SIM-2 packets held up on the way: late, and nothing else", async () => {
    const held = packets.map((packet, i) => (i === 25 ? { ...packet, atMs: packet.atMs + 90 } : packet));
    const { gaps } = await hear(held);
    expect(gaps.late).toEqual([{ atMs: 500, ms: 90 }]);
    expect(gaps.jumps).toEqual([]);
  });

  test("SIM-2 the first 100 ms cut off: shorter, and unlike at the beginning", async () => {
    const like = compare(await hear(packets.slice(5)), original);
    expect(like.lengthErrorMs).toBeLessThan(-80);
    expect(like.worst).toBeLessThan(0.8);
    expect(like.worstAtMs).toBe(0);
    expect(like.offset).toBeLessThan(-4000);
  });

  test("SIM-2 the last 100 ms cut off: shorter, and unlike at the end", async () => {
    const like = compare(await hear(packets.slice(0, -6)), original);
    expect(like.lengthErrorMs).toBeLessThan(-80);
    expect(like.worst).toBeLessThan(0.8);
    expect(like.worstAtMs).toBeGreaterThanOrEqual(1150);
  });

  test("SIM-2 another sound: unlike", async () => {
    const like = compare(await hear(packets), toReference(tune(7, 1.4, 44_100)));
    expect(like.overall).toBeLessThan(0.4);
    expect(like.worst).toBeLessThan(0.3);
  });

  test("SIM-2 3 dB less: 3 dB less, and as like as before", async () => {
    const heard = await hear(packets);
    const quieter = { ...heard, samples: heard.samples.map((sample) => sample * 10 ** (-3 / 20)) };
    const [like, before] = [compare(quieter, original), compare(heard, original)];
    expect(like.levelDb - before.levelDb).toBeCloseTo(-3, 2);
    expect(like.overall).toBeCloseTo(before.overall, 5);
  });

  test("SIM-2 two stretches swapped: unlike where they are, gaps or no gaps", async () => {
    const payloads = packets.map(({ payload }) => payload);
    const swapped = [...payloads.slice(0, 20), ...payloads.slice(35, 50), ...payloads.slice(20, 35)];
    const renumbered = packets.map((packet, i) => ({ ...packet, payload: swapped[i] ?? packet.payload }));
    const heard = await hear(renumbered);
    expect(countGaps(heard.gaps)).toBe(0);
    expect(compare(heard, original).worst).toBeLessThan(0.5);
  });

  test("SIM-2 played 0.5 % too fast: unlike", async () => {
    const heard = await hear(packets);
    const fast = toReference({ sampleRate: 48_000 * 1.005, channels: [heard.samples] }).samples;
    expect(compare({ ...heard, samples: fast }, original).worst).toBeLessThan(0.9);
  });
});
