/** `make bench`: what the bridge costs and how fast it is, side by side with its references. */
import { inRepository } from "@server-playback/simulator";
import { Bed } from "./Bed.js";
import { capacity } from "./lines/capacity.js";
import { cpu } from "./lines/cpu.js";
import { decoders } from "./lines/decoders.js";
import { latency } from "./lines/latency.js";
import { memory } from "./lines/memory.js";
import { passthrough } from "./lines/passthrough.js";
import { stop } from "./lines/stop.js";
import { format, type Line, write } from "./table.js";

const parts: Readonly<Record<string, (bed: Bed) => Promise<Line[]>>> = {
  memory,
  latency,
  stop,
  cpu,
  passthrough,
  decoders: (bed) => decoders(bed.longMp3),
  capacity: () => capacity(),
};

/** Runs the named parts, or all of them; returns whether every target was met. */
async function main(named: readonly string[]): Promise<boolean> {
  const unknown = named.filter((name) => !(name in parts));
  if (unknown.length > 0) {
    process.stderr.write(
      `No such part: ${unknown.join(", ")}. There are ${Object.keys(parts).join(", ")}.\n`,
    );
    return false;
  }
  const lines: Line[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (named.length === 0 || named.includes(name)) {
      const start = performance.now();
      process.stderr.write(`measuring: ${name} ...`);
      lines.push(...(await withBed(measure)));
      process.stderr.write(` ${Math.round((performance.now() - start) / 1000)} s\n`);
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
