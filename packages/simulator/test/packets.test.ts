import { expect, test } from "vitest";
import { opusLength, ordered, splitAtIdle } from "../src/index.js";
import { packetsOfOgg } from "./ogg-packets.js";

// RFC 6716, section 3.1: configuration in the upper five bits, frame count code in the lower two.
test.each([
  ["SILK 10 ms", [0 << 3], 480],
  ["SILK 60 ms", [3 << 3], 2880],
  ["hybrid 20 ms", [13 << 3], 960],
  ["CELT 2.5 ms", [16 << 3], 120],
  ["CELT 20 ms fullband stereo", [(31 << 3) | 4], 960],
  ["two frames", [(31 << 3) | 1], 1920],
  ["six frames of 20 ms", [(31 << 3) | 3, 6], 5760],
  ["an empty packet", [], 0],
])("opusLength of %s", (_, bytes, length) => {
  expect(opusLength(Uint8Array.from(bytes))).toBe(length);
});

test("counters are unwrapped, and sounds are split where RTP time moves on over an idle time", () => {
  const packets = packetsOfOgg("chime.opus").slice(0, 20);
  const paused = packets.map((packet, i) =>
    i < 12 ? packet : { ...packet, timestamp: (packet.timestamp + 48_000) % 2 ** 32 },
  );
  const all = ordered(packets);
  expect(all.map(({ index }) => index - (all[0]?.index ?? 0))).toEqual(packets.map((_, i) => i));
  expect(all.map(({ position }) => position - (all[0]?.position ?? 0))).toEqual(
    packets.map((_, i) => i * 960),
  );
  expect(splitAtIdle(packets).length).toBe(1);
  expect(splitAtIdle(paused).map((sound) => sound.length)).toEqual([12, 8]);
});

test("a lost packet does not split a sound", () => {
  const packets = packetsOfOgg("chime.opus").toSpliced(5, 20);
  expect(splitAtIdle(packets).length).toBe(1);
});
