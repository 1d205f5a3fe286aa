import { type Command, type Context, exitCodes } from "../command.js";
import { checkBridge, checkClock, checkCloud, checkLiveKit, checkRoom } from "../doctor/checks.js";
import type { Check, Finding } from "../doctor/finding.js";
import { bridgeOptions, cloudOptions } from "../settings.js";
import { table } from "../text.js";

const checks: readonly Check[] = [checkCloud, checkBridge, checkLiveKit, checkClock, checkRoom];
const marks = { good: "ok", poor: "!!", bad: "XX" } as const;

/** Tries every part that a sound goes through. */
export const doctor: Command = {
  name: "doctor",
  usage: "",
  summary: "try every part: cloud, bridge and its capacity, LiveKit, clocks, media over UDP",
  options: { ...cloudOptions, ...bridgeOptions },
  run: async (context) => {
    const findings: Finding[] = [];
    for (const check of checks) {
      context.progress(`checking ${check.of} …`);
      findings.push(...(await run(check, context)));
    }
    const isWell = findings.every(({ is }) => is !== "bad");
    const rows = findings.map(({ is, of, what, fix }) => [
      marks[is],
      of,
      fix === undefined ? what : `${what} ${fix}`,
    ]);
    context.print(table(rows), { ok: isWell, findings });
    return isWell ? exitCodes.done : exitCodes.failed;
  },
};

/** A check that fails is a finding, and the others go on. */
async function run(check: Check, context: Context): Promise<Finding[]> {
  try {
    return await check.run(context);
  } catch (error) {
    context.signal.throwIfAborted();
    const what = error instanceof Error ? error.message : String(error);
    return [{ of: check.of, is: "bad", what }];
  }
}
