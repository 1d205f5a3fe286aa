import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const tokens = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

/** Text on a ground: each must be readable. */
const texts = [
  ["ink", ["page", "surface", "sunken", "raised", "accent-wash", "bad-wash"]],
  ["muted", ["page", "surface", "sunken", "raised", "accent-wash", "bad-wash"]],
  ["accent", ["surface", "sunken", "accent-wash"]],
  ["bad", ["surface", "sunken", "accent-wash", "bad-wash"]],
  ["warn", ["surface", "raised"]],
  ["accent-ink", ["accent"]],
] as const;

/** WCAG 2.2, success criteria 1.4.3 and 1.4.11. */
const leastForText = 4.5;
const leastForControls = 3;

describe.each(["light", "dark"])("the %s theme", (theme) => {
  const colours = coloursOf(theme);

  test.each(texts)("CON-16 text in --%s is readable on every ground", (text, grounds) => {
    for (const ground of grounds) {
      expect(contrast(colours(text), colours(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(
        leastForText,
      );
    }
  });

  test("CON-16 the outlines of fields and the bars can be told from the ground", () => {
    for (const name of ["line-strong", "accent"]) {
      expect(contrast(colours(name), colours("surface")), name).toBeGreaterThanOrEqual(leastForControls);
    }
  });
});

function coloursOf(theme: string): (name: string) => string {
  const block = tokens.split(`[data-theme="${theme}"]`)[1]?.split("}")[0] ?? "";
  return (name) => {
    const colour = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(block)?.[1];
    expect(colour, `--${name} of ${theme}`).toBeDefined();
    return colour ?? "";
  };
}

/** WCAG 2.2, definitions of contrast ratio and of relative luminance. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
