import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { choosePort, inRepository } from "@server-playback/simulator";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";

const ports = [
  "LIVEKIT_PORT",
  "LIVEKIT_RTC_TCP_PORT",
  "LIVEKIT_RTC_UDP_PORT",
  "BRIDGE_PORT",
  "CLOUD_PORT",
  "APP_PORT",
  "SAMPLES_PORT",
] as const;

const ReportSchema = z.object({
  ok: z.boolean(),
  steps: z.array(z.object({ name: z.string(), ok: z.boolean(), problems: z.array(z.string()) })),
});

function isLateness(problem: string): boolean {
  return /^the first packet came after/.test(problem) || /^gaps: {"lostPackets":0,"jumps":\[\]/.test(problem);
}

const laterSteps = [
  "primary play",
  "primary stop",
  "speech direct",
  "speech cached",
  "fallback to the glasses",
];

/** Every port of a system, free. */
async function freePorts(): Promise<Record<string, string>> {
  const found = await Promise.all(ports.map(async (name) => [name, `${await choosePort(name, {}, false)}`]));
  return Object.fromEntries(found) as Record<string, string>;
}

/** Starts what `make <command>` starts, as the leader of a process group of its own. */
function start(command: "demo" | "dev", env: Readonly<Record<string, string>>): ChildProcess {
  const program = inRepository("packages", "simulator", "dist", `${command}.js`);
  const child = spawn(process.execPath, [program], { env: { ...process.env, ...env }, detached: true });
  onTestFinished(() => {
    if (isAlive(child)) {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    }
  });
  return child;
}

/** Whether any process of the group is left. */
function isAlive({ pid }: ChildProcess): boolean {
  try {
    process.kill(-(pid ?? 0), 0);
    return true;
  } catch {
    return false;
  }
}

async function line(child: ChildProcess, wanted: RegExp): Promise<void> {
  if (child.stdout === null) {
    throw new Error("The program has no output.");
  }
  for await (const text of createInterface({ input: child.stdout })) {
    if (wanted.test(text)) {
      return;
    }
  }
  throw new Error(`The program ended without saying ${wanted}.`);
}

test("REPO-1 the demo plays, listens, and ends with 0 only because all of it held", async () => {
  const child = start("demo", await freePorts());
  child.stdout?.resume();
  const [code] = await once(child, "exit");
  const report = ReportSchema.parse(JSON.parse(readFileSync(inRepository("out", "demo.json"), "utf8")));
  expect(report.steps.length).toBeGreaterThan(laterSteps.length + 2);
  expect(report.steps.map(({ name }) => name)).toEqual(expect.arrayContaining(laterSteps));
  // How punctual a machine is that runs other things as well is no matter of this test.
  const problems = report.steps.flatMap((step) => step.problems.filter((text) => !isLateness(text)));
  expect(problems).toEqual([]);
  expect(report.ok).toBe(report.steps.every(({ ok }) => ok));
  expect(code).toBe(report.ok ? 0 : 1);
  expect(isAlive(child)).toBe(false);
});

test("REPO-2 a port in use is an error that names the port and the variable", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const child = start("dev", { ...(await freePorts()), CLOUD_PORT: `${port}` });
  child.stdout?.resume();
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const [code] = await once(child, "exit");
  expect(code).not.toBe(0);
  expect(said).toContain(`${port}`);
  expect(said).toContain("CLOUD_PORT");
  expect(isAlive(child)).toBe(false);
});

test("REPO-3 Ctrl-C leaves no process behind", async () => {
  const child = start("dev", await freePorts());
  await line(child, /Ctrl-C ends everything/);
  const ended = once(child, "exit");
  process.kill(-(child.pid ?? 0), "SIGINT"); // a terminal's Ctrl-C reaches the whole group
  await ended;
  expect(isAlive(child)).toBe(false);
});
