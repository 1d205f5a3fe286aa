import { cloudMetrics } from "../cloud-api.js";
import { type Command, exitCodes } from "../command.js";
import { type Assessment, assess } from "../readiness/assess.js";
import { cloudOptions } from "../settings.js";
import { table } from "../text.js";

/** Says which thresholds of docs/deprecation.md hold now. */
export const readiness: Command = {
  name: "readiness",
  usage: "",
  summary: "say which thresholds of docs/deprecation.md hold now",
  options: { ...cloudOptions },
  run: async (context) => {
    const assessed = assess(await cloudMetrics(context));
    const isReady = assessed.every(({ holds }) => holds);
    const verdict = isReady ? "ready" : "not ready";
    context.print(`${table(assessed.map(row))}\n${verdict}`, { ready: isReady, thresholds: assessed });
    return isReady ? exitCodes.done : exitCodes.failed;
  },
};

function row({ name, holds, value, threshold, relation }: Assessment): string[] {
  const shown = value === undefined ? "nothing measured" : String(Math.round(value * 10_000) / 10_000);
  return [holds ? "ok" : "--", name, shown, `${relation} ${threshold}`];
}
