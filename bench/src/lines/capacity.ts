import { execFileSync } from "node:child_process";
import { Bed, closeAll, type Player, sleep } from "../Bed.js";
import { coreShare, isInstalled } from "../process.js";
import { figure } from "../stats.js";
import { type Line, notMeasured } from "../table.js";

const STEP = 20;
const MOST = 400;
const HOLD_MS = 6_000;
const SETTLE_MS = 2_000;
/** Share of packets that may be more than 20 ms late. */
const LATE = 1e-4;

interface Load {
  readonly streams: number;
  readonly lateShare: number;
  readonly coreShare: number;
}

/** How many streams one core carries, and what a stream costs from the first to the last of them. */
export async function capacity(): Promise<Line[]> {
  const name = "streams on one core";
  if (!isInstalled("taskset")) {
    return [notMeasured(name, "streams", "taskset is not installed (Debian: apt-get install util-linux)")];
  }
  const bed = await Bed.start();
  const players: Player[] = [];
  try {
    execFileSync("taskset", ["-acp", "0", `${bed.bridge.pid}`]);
    return report(name, await climb(bed, players));
  } finally {
    await closeAll(players);
    await bed.close();
  }
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
  const share = await coreShare([bed.bridge.pid], () => sleep(HOLD_MS));
  const [lateAfter, packetsAfter] = await count();
  return { streams, lateShare: (lateAfter - late) / (packetsAfter - packets), coreShare: share };
}

function report(name: string, loads: readonly Load[]): Line[] {
  const good = loads.filter(({ lateShare }) => lateShare < LATE);
  const best = good.at(-1);
  const steps = loads.map((load) => `${load.streams}: ${figure((100 * load.coreShare) / load.streams)} %`);
  const last = loads.at(-1);
  const why =
    last === best
      ? `not reached its limit at ${MOST}`
      : `late ${figure(100 * (last?.lateShare ?? 0))} % at ${last?.streams}`;
  return [
    {
      name,
      unit: "streams",
      ours: best?.streams ?? 0,
      floor: null,
      peer: null,
      ratio: null,
      target: null,
      ok: null,
      note: `fewer than 1 in 10,000 packets over 20 ms late; ${why}; CPU a stream ${steps.join(", ")}`,
    },
  ];
}
