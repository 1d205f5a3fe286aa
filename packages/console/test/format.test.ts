import { PlayErrorCodeSchema } from "@server-playback/protocol";
import { describe, expect, test } from "vitest";
import { explainFailure } from "../src/advice.js";
import * as format from "../src/format.js";
import { readDropped, readPlayText } from "../src/play-text.js";

describe("what people read", () => {
  test.each([
    [0, "0 ms"],
    [61.4, "61 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [2_317, "2.32 s"],
    [12_340, "12.3 s"],
    [59_940, "59.9 s"],
    [185_000, "3:05"],
    [3_729_000, "1:02:09"],
  ])("CON-14 a length of %d ms is %s", (ms, text) => {
    expect(format.formatDuration(ms)).toBe(text);
  });

  test.each([
    [12, "+12 ms"],
    [-1_200, "−1.20 s"],
    [0.2, "±0 ms"],
    [-0.2, "±0 ms"],
  ])("CON-14 a difference of %d ms is %s", (ms, text) => {
    expect(format.formatDifference(ms)).toBe(text);
  });

  test("CON-14 positions, levels, ages and counts", () => {
    expect(format.formatPosition(7_999)).toBe("0:07");
    expect(format.formatLevel(-12.44)).toBe("−12.4 dB");
    expect(format.formatLevel(Number.NEGATIVE_INFINITY)).toBe("−∞ dB");
    expect([1_000, 42_000, 300_000, 10_800_000, 172_800_000].map(format.formatAge)).toEqual([
      "now",
      "42 s",
      "5 min",
      "3 h",
      "2 d",
    ]);
    expect(format.formatCount(1, "job")).toBe("1 job");
    expect(format.formatCount(5_000, "job")).toBe("5,000 jobs");
  });

  test("CON-14 a URL is known by its end, a sentence by its words", () => {
    expect(format.formatWhat("https://x.example/a/b%20c.mp3", "url")).toBe("b c.mp3");
    expect(format.formatWhat("https://x.example/%E0%A4%A", "url")).toBe("%E0%A4%A");
    expect(format.formatWhat("https://x.example/", "url")).toBe("x.example");
    expect(format.formatWhat("nonsense", "url")).toBe("nonsense");
    expect(format.formatWhat("Good morning", "speech")).toBe("“Good morning”");
  });

  test("CON-24 every error code has a meaning and advice", () => {
    for (const code of PlayErrorCodeSchema.options) {
      const { meaning, advice } = explainFailure(code);
      expect(meaning, code).toMatch(/\.$/);
      expect(advice, code).toMatch(/\.$/);
    }
  });
});

describe("what is typed", () => {
  test.each([
    [" https://x.example/a.mp3 ", { kind: "url", url: "https://x.example/a.mp3" }],
    ["x.example:8080/a.mp3", { kind: "url", url: "https://x.example:8080/a.mp3" }],
    ["file:///etc/passwd", { kind: "url", url: "file:///etc/passwd" }],
    ["Note: turn left.", { kind: "speech", text: "Note: turn left." }],
    ["See https://x.example", { kind: "speech", text: "See https://x.example" }],
    ["either/or", { kind: "speech", text: "either/or" }],
    ["  ", { kind: "empty" }],
  ])("CON-20 %j is told apart", (typed, expected) => {
    expect(readPlayText(typed)).toEqual(expected);
  });

  test("CON-20 of what is dropped the first URL counts, without comments", () => {
    expect(readDropped("# a list\r\nhttps://x.example/1\r\nhttps://x.example/2", "other")).toBe(
      "https://x.example/1",
    );
    expect(readDropped("", " just text ")).toBe("just text");
  });
});
