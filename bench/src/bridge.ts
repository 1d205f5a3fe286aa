/** `make bench`: what the bridge costs and how fast it is, side by side with its references. */
import { inRepository } from "@server-playback/simulator";
import { Bed } from "./Bed.js";
import { capacity } from "./lines/capacity.js";
import { cpu } from "./lines/cpu.js";
import { decoders } from "./lines/decoders.js";
import { latency } from "./lines/latency.js";
import { memory } from "./lines/memory.js";
import { stop } from "./lines/stop.js";
import { format, type Line, write } from "./table.js";

const parts: Readonly<Record<string, (bed: Bed) => Promise<Line[]>>> = {
  memory,
  latency,
  stop,
  cpu,
  decoders: (bed) => decoders(bed.longMp3),
  capacity: () => capacity(),
};

/** Runs the named parts, or all of them; returns whether every target was met. */
async function main(named: readonly string[]): Promise<boolean> {
  const lines: Line[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (named.length === 0 || named.includes(name)) {
      process.stderr.write(`measuring: ${name}\n`);
      lines.push(...(await withBed(measure)));
    }
  }
  process.stdout.write(`${format(lines)}\n`);
  write(inRepository("out", "bench", "bridge.json"), lines);
  return lines.every(({ ok }) => ok !== false);
}

/** Each part has a bridge of its own, so that none is measured with what another left behind. */
async function withBed(measure: (bed: Bed) => Promise<Line[]>): Promise<Line[]> {
  const bed = await Bed.start();
  try {
    return await measure(bed);
  } finally {
    await bed.close();
  }
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
