import { describe, expect, test } from "vitest";
import {
  decibels,
  dominantFrequency,
  levelDbfs,
  readWav,
  resample,
  rms,
  sine,
  soundExtent,
  toneLevelDbfs,
  tune,
  WavError,
  writeWav,
} from "../src/index.js";

describe("resample", () => {
  test.each([
    [8_000, 3_000],
    [16_000, 7_000],
    [44_100, 19_000],
    [96_000, 20_000],
  ])("keeps a tone's level and frequency from %d Hz (tone %d Hz)", (rate, frequency) => {
    const out = resample(sine(frequency, 0.5, rate), rate, 48_000);
    const middle = out.subarray(4_800, -4_800);
    expect(out.length).toBe(24_000);
    expect(toneLevelDbfs(middle, 48_000, frequency)).toBeCloseTo(decibels(0.5 / Math.SQRT2), 2);
    expect(dominantFrequency(middle, 48_000)).toBeCloseTo(frequency, 0);
  });

  test.each([
    [96_000, 30_000],
    [44_100, 21_900],
  ])("leaves no image or alias of %d Hz (tone %d Hz)", (rate, frequency) => {
    const out = resample(sine(frequency, 0.5, rate), rate, rate === 96_000 ? 48_000 : 44_100 / 2);
    expect(levelDbfs(out.subarray(4_800, -4_800))).toBeLessThan(-90);
  });

  test("moves a sound by a fraction of a sample", () => {
    const still = sine(1_000, 0.2, 48_000);
    const moved = resample(still, 48_000, 48_000, 0.25);
    const expected = Array.from(
      { length: 100 },
      (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * (i + 499.75)) / 48_000),
    );
    expected.forEach((value, i) => {
      expect(moved[500 + i]).toBeCloseTo(value, 4);
    });
  });
});

describe("tones", () => {
  test("names the frequency between two bins", () => {
    expect(dominantFrequency(sine(997.3, 0.4, 48_000), 48_000)).toBeCloseTo(997.3, 0);
  });

  test("tells one tone's level beside another's", () => {
    const [low, high] = [sine(440, 0.5, 48_000, 0.5), sine(3_000, 0.5, 48_000, 0.05)];
    const both = low.map((sample, i) => sample + (high[i] ?? 0));
    expect(toneLevelDbfs(both, 48_000, 440)).toBeCloseTo(-9.03, 1);
    expect(toneLevelDbfs(both, 48_000, 3_000)).toBeCloseTo(-29.03, 1);
    expect(toneLevelDbfs(both, 48_000, 1_700)).toBeLessThan(-90);
  });

  test("silence has no frequency, no level and no extent", () => {
    const silence = new Float32Array(4_800);
    expect(dominantFrequency(silence, 48_000)).toBe(0);
    expect(levelDbfs(silence)).toBe(-Infinity);
    expect(soundExtent(silence)).toEqual({ atMs: 0, ms: 0 });
  });

  test("finds where a sound begins and ends", () => {
    const samples = new Float32Array(48_000);
    samples.set(sine(1_000, 0.5, 48_000), 4_800);
    const { atMs, ms } = soundExtent(samples);
    expect(atMs).toBeCloseTo(100, 0);
    expect(ms).toBeCloseTo(500, 0);
  });
});

describe("WAV", () => {
  test("reads what it wrote", () => {
    const written = tune(5, 0.3, 22_050);
    const read = readWav(writeWav(written));
    expect(read.sampleRate).toBe(22_050);
    expect(read.channels.length).toBe(2);
    read.channels.forEach((channel, c) => {
      const error = channel.map((sample, i) => sample - (written.channels[c]?.[i] ?? 0));
      expect(decibels(rms(error))).toBeLessThan(-90);
    });
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["HTML", new TextEncoder().encode("<!doctype html><title>Not a sound at all, but a page</title>")],
    ["a header alone", writeWav({ sampleRate: 8_000, channels: [new Float32Array(1)] }).subarray(0, 20)],
  ])("refuses %s", (_, data) => {
    expect(() => readWav(data)).toThrow(WavError);
  });
});
