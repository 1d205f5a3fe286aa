import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { roomToken } from "@server-playback/simulator";
import { type Bed, closeAll, sleep } from "../Bed.js";
import { offlineTranscode, track, within, withoutFfmpeg } from "../ffmpeg.js";
import { coreShare } from "../process.js";
import { median, spread } from "../stats.js";
import { type Line, notMeasured } from "../table.js";

const ROUNDS = 3;
const WINDOW_MS = 6_000;
/** Until the read-ahead of the streams that have just begun is filled. */
const SETTLE_MS = 2_500;
const PEER_STREAMS = 10;
const PEER_START_MS = 60_000;

/** CPU a live stream, against an offline transcode and against the usual way to build it. */
export async function cpu(bed: Bed): Promise<Line[]> {
  const missing = withoutFfmpeg();
  const floors: number[] = [];
  const ours = new Map<number, number[]>();
  for (const streams of [20, 60]) {
    ours.set(streams, await rounds(bed, streams, missing === undefined ? floors : undefined));
  }
  const peers = missing === undefined ? await peer(bed) : [];
  return [...ours].flatMap(([streams, shares]) => report(streams, shares, floors, peers, missing));
}

async function rounds(bed: Bed, streams: number, floors: number[] | undefined): Promise<number[]> {
  const players = await bed.playing(streams);
  await sleep(SETTLE_MS);
  const shares: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    shares.push((await coreShare([bed.bridge.pid], () => sleep(WINDOW_MS))) / streams);
    floors?.push(await offlineTranscode(bed.longMp3));
  }
  await closeAll(players);
  return shares;
}

async function peer(bed: Bed): Promise<number[]> {
  const tokens = await Promise.all(
    Array.from({ length: PEER_STREAMS }, (_, i) => roomToken(bed.liveKit, `peer-${i}`, "peer", "publish")),
  );
  const script = fileURLToPath(new URL("../peer.js", import.meta.url));
  const args = [script, bed.liveKit.url, bed.longMp3, `${track.bitrate}`, ...tokens];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const pids = [child.pid ?? 0, ...(await ffmpegPids(child))];
    await sleep(SETTLE_MS);
    const shares: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      shares.push((await coreShare(pids, () => sleep(WINDOW_MS))) / PEER_STREAMS);
    }
    return shares;
  } finally {
    child.stdin.end();
    setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
  }
}

/** Waits until every stream of the peer plays. */
function ffmpegPids(child: ChildProcess): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("The peer did not start.")), PEER_START_MS);
    child.once("exit", (code) => reject(new Error(`The peer ended with ${code}.`)));
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [word, ...pids] = line.split(" ");
        if (word === "playing") {
          clearTimeout(late);
          resolve(pids.map(Number));
        }
      });
    }
  });
}

function report(
  streams: number,
  shares: number[],
  floors: number[],
  peers: number[],
  missing: string | undefined,
): Line[] {
  const name = `CPU a stream, ${streams} streams`;
  const unit = "% of a core";
  const ours = 100 * median(shares);
  const note = `ours ${spread(shares.map((share) => 100 * share))}, ${track.bitrate / 1000} kb/s c${track.complexity}`;
  if (missing !== undefined) {
    return [{ ...notMeasured(name, unit, missing), ours, note: `${note}; ${missing}` }];
  }
  const floor = 100 * median(floors);
  const against = 100 * median(peers);
  const floorNote = `${note}; floor ${spread(floors.map((share) => 100 * share))}`;
  const peerNote = `peer: rtc-node + ffmpeg, ${PEER_STREAMS} streams, ${spread(peers.map((share) => 100 * share))}`;
  const [toFloor, toPeer] = [ours / floor, ours / against];
  const base = { unit, ours, floor, peer: against };
  return [
    {
      name: `${name}, to the floor`,
      ...base,
      ratio: toFloor,
      target: "<= 1.5x floor",
      ok: within(toFloor, 1.5),
      note: floorNote,
    },
    {
      name: `${name}, to the peer`,
      ...base,
      ratio: toPeer,
      target: "<= 0.2x peer",
      ok: within(toPeer, 0.2),
      note: peerNote,
    },
  ];
}
