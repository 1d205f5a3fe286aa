import path from "node:path";
import { type Bed, sleep, wallMs } from "../Bed.js";
import { median, percentile, spread } from "../stats.js";
import type { Line } from "../table.js";

const ROUNDS = 3;
/** Stops a round. */
const STOPS = 20;
const PLAYED_MS = 300;

/** From the stop to the last packet of the sound at a listener, the fade included. */
export async function stop(bed: Bed): Promise<Line[]> {
  const url = bed.samples.url(path.basename(bed.longMp3));
  const player = await bed.player();
  const listener = await bed.listen(player);
  const tails: number[] = [];
  for (let i = 0; i < ROUNDS * STOPS; i++) {
    const requestId = await player.play(url);
    await sleep(PLAYED_MS + (i % 20));
    const asked = wallMs();
    player.client.send({ action: "stop_playback", requestId });
    await player.event("play_complete", requestId);
    await listener.quiet(150);
    const last = listener.packets().at(-1);
    tails.push(Math.max(0, (last?.atMs ?? 0) - asked));
  }
  await listener.close();
  await player.close();
  const p95 = percentile(tails, 0.95);
  const rounds = Array.from({ length: ROUNDS }, (_, i) =>
    percentile(tails.slice(i * STOPS, (i + 1) * STOPS), 0.95),
  );
  return [
    {
      name: "stop to last packet, p95",
      unit: "ms",
      ours: p95,
      floor: null,
      peer: null,
      ratio: null,
      target: "<= 40 ms",
      ok: p95 <= 40,
      note: `${tails.length} stops, ${ROUNDS} rounds ${spread(rounds)}, p50 ${median(tails).toFixed(1)}, all ${spread(tails)}`,
    },
  ];
}
