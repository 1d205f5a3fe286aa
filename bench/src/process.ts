import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Ticks a second of the times in /proc: USER_HZ, proc(5). */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU seconds, user and system, that a process has used so far. Linux only. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS; // utime, stime: proc(5) fields 14 and 15
}

/** Resident memory of a process that is not shared with files, in bytes. Linux only. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** Average use of one core by a process while `during` runs, as a share (1 is a whole core). */
export async function coreShare(pids: readonly number[], during: () => Promise<void>): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const [before, start] = [used(), performance.now()];
  await during();
  return ((used() - before) * 1000) / (performance.now() - start);
}

/** What a finished command used. */
export interface Usage {
  /** User and system, in seconds. */
  readonly cpu: number;
  readonly wall: number;
}

/** Runs a command to its end and measures it. Rejects if it fails. */
export async function measureCommand(command: string, args: readonly string[]): Promise<Usage> {
  const start = performance.now();
  const script = 'exec 3>&2; TIMEFORMAT="%U %S"; time "$@" 2>/dev/null >/dev/null';
  const child = spawn("bash", ["-c", script, "bash", command, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const output = await collect(child);
  const [user = Number.NaN, system = Number.NaN] = output.trim().split(" ").map(Number);
  return { cpu: user + system, wall: (performance.now() - start) / 1000 };
}

/** Whether a command is installed. */
export function isInstalled(command: string): boolean {
  try {
    execFileSync("bash", ["-c", `command -v ${command}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function collect(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0
        ? resolve(output)
        : reject(new Error(`${child.spawnargs.slice(4).join(" ")} ended with ${code}`)),
    );
  });
}
