import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DiskCache } from "../../src/speech/cache/DiskCache.js";
import { MemoryCache } from "../../src/speech/cache/MemoryCache.js";
import { SpeechCache } from "../../src/speech/cache/SpeechCache.js";
import { type LogLine, loggerInto } from "../fixtures.js";

let folder: string;
let log: LogLine[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "speech-cache-"));
  log = [];
});

afterEach(() => rm(folder, { recursive: true }));

const key = (digit: string) => digit.repeat(64);
const disk = (maxBytes = 1e6) => new DiskCache(folder, maxBytes, loggerInto(log));

async function put(cache: DiskCache, name: string, pcm: Buffer): Promise<void> {
  cache.set(name, pcm);
  await cache.settled();
}

it("SPK-12 the memory keeps what was used last, up to its bound", () => {
  const memory = new MemoryCache(100);
  memory.set("a", Buffer.alloc(40));
  memory.set("b", Buffer.alloc(40));
  memory.get("a");
  memory.set("c", Buffer.alloc(40));
  expect(["a", "b", "c"].map((name) => memory.get(name)?.length)).toEqual([40, undefined, 40]);
  memory.set("d", Buffer.alloc(101));
  expect(memory.get("d")).toBeUndefined();
  memory.set("a", Buffer.alloc(60));
  expect(memory.get("c")?.length).toBe(40);
});

it("SPK-12 the disk keeps what was used last, up to its bound", async () => {
  const cache = disk(1_000);
  for (const [i, name] of ["a", "b", "c"].entries()) {
    await put(cache, key(name), randomBytes(250));
    const usedAt = new Date(Date.now() - 60_000 + i * 1_000);
    await utimes(join(folder, `${key(name)}.speech`), usedAt, usedAt);
  }
  await cache.get(key("a"));
  await put(cache, key("d"), randomBytes(250));
  const kept = await Promise.all(
    ["a", "b", "c", "d"].map(async (name) => (await cache.get(key(name))) !== undefined),
  );
  expect(kept).toEqual([true, false, true, true]);
  await put(cache, key("e"), randomBytes(1_001));
  expect(await cache.get(key("e"))).toBeUndefined();
});

it("SPK-12 speech on disk is there after a restart, and in memory after its first use", async () => {
  const options = { memoryBytes: 1e6, folder, diskBytes: 1e6 };
  const pcm = randomBytes(5_000);
  const before = new SpeechCache(options, loggerInto(log));
  before.set(key("a"), pcm);
  await before.close();
  const after = new SpeechCache(options, loggerInto(log));
  expect(await after.get(key("a"))).toEqual(pcm);
  await rm(join(folder, `${key("a")}.speech`));
  expect(await after.get(key("a"))).toEqual(pcm);
});

it.each<[string, (path: string) => Promise<void>]>([
  ["cut short", (path) => truncate(path, 700)],
  ["cut to nothing", (path) => truncate(path, 0)],
  ["altered", async (path) => writeFile(path, (await readFile(path)).fill(1, 500, 501))],
  ["another file", (path) => writeFile(path, "not speech")],
])("SPK-13 a file that is %s is a miss, and gone", async (_, damage) => {
  const cache = disk();
  await put(cache, key("a"), Buffer.alloc(1_000, 7));
  await damage(join(folder, `${key("a")}.speech`));
  expect(await cache.get(key("a"))).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

it("SPK-13 several writers of one folder never show half a file, and leave none behind", async () => {
  const caches = Array.from({ length: 8 }, () => disk(20_000));
  const pcm = new Map(["a", "b", "c", "d"].map((name) => [key(name), randomBytes(4_000)]));
  await Promise.all(
    caches.flatMap((cache) =>
      [...pcm].map(async ([name, bytes]) => {
        cache.set(name, bytes);
        const found = await cache.get(name);
        expect(found === undefined || found.equals(bytes)).toBe(true);
      }),
    ),
  );
  await Promise.all(caches.map((cache) => cache.settled()));
  expect((await readdir(folder)).sort()).toEqual([...pcm.keys()].map((name) => `${name}.speech`));
  expect(log).toEqual([]);
});

it("SPK-13 several processes, each over and over, read whole files or none", async () => {
  const script = `
    import { DiskCache } from ${JSON.stringify(new URL("../../dist/speech/cache/DiskCache.js", import.meta.url).href)};
    const log = { warn: (details) => { throw new Error(JSON.stringify(details)); } };
    const cache = new DiskCache(process.argv[1], 60_000, log);
    for (let i = 0; i < 60; i++) {
      const name = "abcdef"[i % 6];
      const found = await cache.get(name.repeat(64));
      if (found !== undefined && !found.every((byte) => byte === name.charCodeAt(0))) process.exit(1);
      cache.set(name.repeat(64), Buffer.alloc(20_000, name));
    }
    await cache.settled();`;
  const run = promisify(execFile);
  await Promise.all(
    [1, 2, 3].map(() => run(process.execPath, ["--input-type=module", "-e", script, folder])),
  );
  const left = await readdir(folder);
  expect(left.length).toBeGreaterThan(0);
  expect(left.every((name) => name.endsWith(".speech"))).toBe(true);
});

it("SPK-13 what a process that died left unfinished is removed in time; a file of somebody else never", async () => {
  const old = new Date(Date.now() - 2 * 3_600_000);
  const unfinished = join(folder, `${key("f")}.0011.tmp`);
  await writeFile(unfinished, "half");
  await utimes(unfinished, old, old);
  await writeFile(join(folder, "notes.txt"), "mine");
  await put(disk(), key("a"), Buffer.alloc(10));
  expect((await readdir(folder)).sort()).toEqual([`${key("a")}.speech`, "notes.txt"]);
});

it("SPK-13 speech on disk can be read by nobody else", async () => {
  await put(disk(), key("a"), Buffer.alloc(10));
  expect((await stat(join(folder, `${key("a")}.speech`))).mode & 0o077).toBe(0);
});

it("SPK-13 a disk that cannot be used is logged and has no other effect", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const cache = new DiskCache(join(file, "below"), 1e6, loggerInto(log));
  await put(cache, key("a"), Buffer.alloc(10));
  expect(await cache.get(key("a"))).toBeUndefined();
  expect(log[0]).toMatchObject({ level: 40, code: "ENOTDIR" });
});
