import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { inRepository } from "@server-playback/simulator";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(inRepository(path), "utf8");
const files = filesBelow(".");
const ofKind = (ending: RegExp) => files.filter((path) => ending.test(path));

/** Paths of the files that are part of the repository, from its root. */
function filesBelow(folder: string): string[] {
  return readdirSync(inRepository(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (/^(node_modules|dist|out|\.git|\.cache)$/.test(entry.name)) {
      return [];
    }
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Numbers of the rules that a test's title begins with: `TestBR5_...`, `"BR-5 ..."`, `"LEASE-1, LEASE-2 ..."`. */
function rulesOf(path: string): string[] {
  const text = read(path);
  const titles = path.endsWith(".go")
    ? text.matchAll(/^func (?:Test|Fuzz)((?:[A-Z]+\d+_)+)/gm)
    : text.matchAll(/[([]\s*["'`]((?:[A-Z]+-\d+(?:, | and |: )?)+)(?= )/g);
  return [...titles].flatMap(([, numbers = ""]) =>
    [...numbers.matchAll(/([A-Z]+)-?(\d+)/g)].map(([, part, number]) => `${part}-${number}`),
  );
}

it("REPO-4 every rule has one number, and a test", () => {
  const rules = [...read("docs/spec.md").matchAll(/\*\*([A-Z]+-\d+)\*\*/g)].map(([, rule = ""]) => rule);
  const tested = new Set(ofKind(/_test\.go$|(^|\/)tests?\/.*\.ts$/).flatMap(rulesOf));
  expect(
    rules.filter((rule, place) => rules.indexOf(rule) !== place),
    "used twice",
  ).toEqual([]);
  expect(
    rules.filter((rule) => !tested.has(rule)),
    "without a test",
  ).toEqual([]);
  expect(
    [...tested].filter((rule) => !rules.includes(rule)),
    "not in the spec",
  ).toEqual([]);
});

/** As GitHub makes the anchor of a heading. */
function anchors(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

function isBroken(document: string, link: string): boolean {
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? document : normalize(join(dirname(document), path));
  return (
    !existsSync(inRepository(target)) ||
    (anchor !== undefined && target.endsWith(".md") && !anchors(target).includes(anchor))
  );
}

it("REPO-5 every relative link leads somewhere", () => {
  const links = ofKind(/\.md$/).flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
      ([, link, source]) => [document, link ?? source ?? ""] as const,
    ),
  );
  const relative = links.filter(([, link]) => !/^(https?|mailto):/.test(link));
  expect(relative.length).toBeGreaterThan(50);
  expect(relative.filter(([document, link]) => isBroken(document, link))).toEqual([]);
});

it.each(["docs", "docs/decisions"])("REPO-6 %s/README.md lists every document beside it", (folder) => {
  const listed = read(`${folder}/README.md`);
  const documents = readdirSync(inRepository(folder)).filter((name) => /(?<!README)\.md$/.test(name));
  expect(documents.filter((name) => !listed.includes(`](${name})`))).toEqual([]);
  const numbers = [...listed.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});
