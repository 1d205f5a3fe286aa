import path from "node:path";
import { Bed, closeAll, sleep } from "../Bed.js";
import { oggOpus } from "../ogg-opus.js";
import { coreShare } from "../process.js";
import { figure, median, spread } from "../stats.js";
import type { Line } from "../table.js";

const STREAMS = 60;
const ROUNDS = 3;
const WINDOW_MS = 4_000;
/** Until the read-ahead is filled, and every stream has had its first packets decoded. */
const SETTLE_MS = 2_500;
/** Sound that is recorded, and how often the file repeats it. */
const RECORDED_MS = 6_000;
const REPEATS = 30;

/** How many streams of Ogg Opus one core would carry, passed through, and mixed as any other sound. */
export async function passthrough(bed: Bed): Promise<Line[]> {
  const file = await record(bed);
  const passed = await measure(bed, file);
  const mixing = await Bed.start({ OPUS_PASSTHROUGH: "false" });
  try {
    return report(passed, await measure(mixing, file));
  } finally {
    await mixing.close();
  }
}

/** Makes a file of the packets that a listener hears, as one with the bridge's own settings. */
async function record(bed: Bed): Promise<Buffer> {
  const player = await bed.player();
  const listener = await bed.listen(player);
  await player.play(bed.samples.url(path.basename(bed.longMp3)));
  await sleep(RECORDED_MS);
  const packets = listener.packets().map(({ payload }) => payload);
  await listener.close();
  await player.close();
  return oggOpus(Array.from({ length: REPEATS }, () => packets).flat());
}

interface Load {
  /** Streams a core, each time it was measured. */
  readonly streams: number[];
  /** Share of the packets that were passed through. */
  readonly passed: number;
}

async function measure(bed: Bed, file: Buffer): Promise<Load> {
  const players = await bed.playing(STREAMS, bed.samples.serve("long.opus", file));
  await sleep(SETTLE_MS);
  const count = async () =>
    [await bed.metric("bridge_passed_packets_total"), await bed.metric("bridge_packets_total")] as const;
  const [passed, packets] = await count();
  const streams: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    streams.push(STREAMS / (await coreShare([bed.bridge.pid], () => sleep(WINDOW_MS))));
  }
  const [passedAfter, packetsAfter] = await count();
  await closeAll(players);
  return { streams, passed: (passedAfter - passed) / (packetsAfter - packets) };
}

function report(passed: Load, mixed: Load): Line[] {
  const share = `${figure(100 * passed.passed)} % of the packets were passed through`;
  const [ours, peer] = [median(passed.streams), median(mixed.streams)];
  return [
    {
      name: "streams a core, Ogg Opus passed through",
      unit: "streams",
      ours,
      floor: null,
      peer: null,
      ratio: ours / peer,
      target: "all packets passed through",
      ok: passed.passed > 0.99,
      note: `by the CPU of ${STREAMS}, ${spread(passed.streams)}; ${share}; the ratio is to decoding and encoding them, ${spread(mixed.streams)}`,
    },
  ];
}
