import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PlaybackFlags, readFlags } from "../src/playback-flags.js";
import { type LogLine, loggerInto } from "./fixtures.js";

let folder: string;
let file: string;
let log: LogLine[];
let flags: PlaybackFlags | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "flags-"));
  file = path.join(folder, "flags.json");
  log = [];
});

afterEach(() => {
  flags?.close();
  rmSync(folder, { recursive: true });
});

function read(content: object | string): PlaybackFlags {
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  flags = new PlaybackFlags("shadow", file, loggerInto(log));
  return flags;
}

describe("PRI-8 the flags", () => {
  it("PRI-8 hold a user's entry before an app's, before the default, before the setting", () => {
    const both = read({ default: "off", users: { ada: "primary" }, apps: { radio: "shadow" } });
    expect(both.modeFor("ada", "radio")).toBe("primary");
    expect(both.modeFor("eve", "radio")).toBe("shadow");
    expect(both.modeFor("eve", "chess")).toBe("off");
    both.close();
    expect(read({}).modeFor("ada", "radio")).toBe("shadow");
    expect(new PlaybackFlags("primary", undefined, loggerInto(log)).modeFor("a", "b")).toBe("primary");
  });

  it("PRI-8 know only those whom they name", () => {
    const named = read({ users: { ada: "primary" } });
    for (const stranger of ["constructor", "__proto__", "toString", ""]) {
      expect(named.modeFor(stranger, stranger)).toBe("shadow");
    }
  });

  it.each([
    ["no JSON", "{", /not JSON/],
    ["an unknown mode", { users: { ada: "loud" } }, /users\.ada/],
    ["an unknown field", { user: { ada: "off" } }, /user/],
    ["a list", [], /the file/],
  ])("PRI-8 that are bad (%s) are said to be, and why", (_what, content, problem) => {
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    expect(readFlags(file)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it("PRI-8 are read again when the file is moved into place; a bad or missing one changes nothing", async () => {
    const changing = read({ default: "off" });
    const replace = (content: string) => {
      writeFileSync(`${file}.new`, content);
      renameSync(`${file}.new`, file);
    };
    replace(JSON.stringify({ default: "primary" }));
    await vi.waitFor(() => expect(changing.modeFor("a", "b")).toBe("primary"), { timeout: 5_000 });
    replace("{");
    const bad = () => log.filter(({ msg }) => msg.startsWith("the playback flags are bad")).length;
    await vi.waitFor(() => expect(bad()).toBe(1), { timeout: 5_000 });
    rmSync(file);
    await vi.waitFor(() => expect(bad()).toBe(2), { timeout: 5_000 });
    expect(changing.modeFor("a", "b")).toBe("primary");
  });
});
