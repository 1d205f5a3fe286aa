import { readFileSync } from "node:fs";
import { type PlayErrorCode, PlayErrorCodeSchema, playErrorSentences } from "@server-playback/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { afterTheRoom, type RoomEnd } from "../src/fallback.js";

const Row = z.tuple([
  z.union([z.enum(["completed", "cancelled"]), PlayErrorCodeSchema]),
  z.enum(["no", "perhaps", "yes", "any"]),
  z.enum(["connected", "away", "any"]),
  z.enum(["answer", "glasses"]),
]);

const table = readFileSync(new URL("../../../docs/fallback.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").slice(1, -1))
  .filter((cells) => cells.length === 4)
  .map((cells) => Row.parse(cells.map((cell) => cell.replaceAll("`", "").trim())));

function casesOf([end, heard, glasses]: z.infer<typeof Row>): RoomEnd[] {
  const heards = heard === "any" ? (["no", "perhaps", "yes"] as const) : [heard];
  const there = glasses === "any" ? [true, false] : [glasses === "connected"];
  return heards.flatMap((heard) => there.map((glasses) => ({ end, heard, glasses })));
}

describe("PRI-7 the table of docs/fallback.md", () => {
  it.each(table)("PRI-7 %s, heard %s, glasses %s: %s", (...row) => {
    for (const each of casesOf(row)) {
      expect(afterTheRoom(each)).toBe(row[3]);
    }
  });

  it("PRI-7 has a case for every way in which a play can end", () => {
    const ends = new Set(table.map(([end]) => end));
    const all: RoomEnd["end"][] = ["completed", ...(Object.keys(playErrorSentences) as PlayErrorCode[])];
    expect(all.filter((end) => !ends.has(end))).toEqual([]);
  });

  it("PRI-7 never lets a sound that may have been heard go to the glasses", () => {
    for (const end of Object.keys(playErrorSentences) as PlayErrorCode[]) {
      for (const heard of ["perhaps", "yes"] as const) {
        expect(afterTheRoom({ end, heard, glasses: true })).toBe("answer");
      }
    }
  });
});
