import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { Bed, closeAll, type Player, sleep } from "../Bed.js";
import { coreShare, isInstalled } from "../process.js";
import { figure, median, spread } from "../stats.js";
import { type Line, notMeasured } from "../table.js";

const STEP = 20;
const MOST = 400;
const ROUNDS = 3;
const WINDOW_MS = 2_000;
const SETTLE_MS = 2_000;
/** Share of packets that may be more than 20 ms late. */
const LATE = 1e-4;
/** The core that the bridge has to itself, where there is more than one. */
const CORE = 0;

interface Load {
  readonly streams: number;
  /** Over all rounds. */
  readonly lateShare: number;
  /** Use of the core, each round. */
  readonly coreShares: readonly number[];
}

/** How many streams one core carries, and what a stream costs from the first to the last of them. */
export async function capacity(): Promise<Line[]> {
  const name = "streams on one core";
  if (!isInstalled("taskset")) {
    return [notMeasured(name, "streams", "taskset is not installed (Debian: apt-get install util-linux)")];
  }
  const everyCore = execFileSync("taskset", ["-cp", `${process.pid}`], { encoding: "utf8" }).split(": ")[1];
  leaveTheCore();
  const bed = await Bed.start({ GOMAXPROCS: "1" });
  const players: Player[] = [];
  try {
    pin(bed.bridge.pid, `${CORE}`);
    return report(name, await climb(bed, players));
  } finally {
    await closeAll(players);
    await bed.close();
    pin(process.pid, everyCore?.trim() ?? "0");
  }
}

/** Moves this process, and so the server and the listener that it starts, away from the bridge's core. */
function leaveTheCore(): void {
  if (availableParallelism() > 1) {
    pin(process.pid, `${CORE + 1}-${availableParallelism() - 1}`);
  }
}

function pin(pid: number, cores: string): void {
  execFileSync("taskset", ["-acp", cores, `${pid}`], { stdio: "ignore" });
}

/** Adds streams until packets are late. */
async function climb(bed: Bed, players: Player[]): Promise<Load[]> {
  const loads: Load[] = [];
  for (const streams of [1, ...Array.from({ length: MOST / STEP }, (_, i) => STEP * (i + 1))]) {
    players.push(...(await bed.playing(streams - players.length)));
    await sleep(SETTLE_MS);
    const load = await hold(bed, streams);
    loads.push(load);
    if (load.lateShare >= LATE) {
      break;
    }
  }
  return loads;
}

async function hold(bed: Bed, streams: number): Promise<Load> {
  const count = async () =>
    [await bed.metric("bridge_late_packets_total"), await bed.metric("bridge_packets_total")] as const;
  const [late, packets] = await count();
  const coreShares: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    coreShares.push(await coreShare([bed.bridge.pid], () => sleep(WINDOW_MS)));
  }
  const [lateAfter, packetsAfter] = await count();
  return { streams, lateShare: (lateAfter - late) / (packetsAfter - packets), coreShares };
}

function report(name: string, loads: readonly Load[]): Line[] {
  const best = loads.filter(({ lateShare }) => lateShare < LATE).at(-1);
  const last = loads.at(-1);
  const why =
    last === best
      ? `not reached its limit at ${MOST}`
      : `late ${figure(100 * (last?.lateShare ?? 0))} % at ${last?.streams}`;
  const none = { floor: null, peer: null, ratio: null, target: null, ok: null };
  const carried = { name, unit: "streams", ...none, ours: best?.streams ?? 0 };
  return [
    { ...carried, note: `fewer than 1 in 10,000 packets over 20 ms late; ${why}` },
    ...growth(loads, best),
  ];
}

/** What a stream costs at the limit, against what it costs alone. */
function growth(loads: readonly Load[], best: Load | undefined): Line[] {
  const alone = loads[0];
  if (alone === undefined || best === undefined || best === alone) {
    return [];
  }
  const each = ({ coreShares, streams }: Load) => coreShares.map((share) => (100 * share) / streams);
  const steps = loads.map((load) => `${load.streams}: ${spread(each(load))}`);
  const ours = median(each(best));
  return [
    {
      name: `CPU a stream, one core, at ${best.streams} streams`,
      unit: "% of a core",
      ours,
      floor: null,
      peer: null,
      ratio: ours / median(each(alone)),
      target: null,
      ok: null,
      note: `the ratio is to one stream; ${steps.join(", ")}`,
    },
  ];
}
