/**
 * What is usually built today, as a process of its own so that its cost can be told apart: `@livekit/rtc-node`
 * with one ffmpeg a stream. Usage: `peer.js URL FILE BITRATE TOKEN...`: plays FILE into one room a token, over
 * and over, until its standard input ends. Prints `playing` once every stream has sent its first frame.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  Room,
  TrackPublishOptions,
  TrackSource,
} from "@livekit/rtc-node";

const RATE = 48_000;
const FRAME_SAMPLES = RATE / 100;

async function main([url = "", file = "", bitrate = "", ...tokens]: string[]): Promise<void> {
  const streams = await Promise.all(tokens.map((token) => play(url, token, file, Number(bitrate))));
  process.stdout.write(`playing ${streams.map(({ ffmpeg }) => ffmpeg.pid).join(" ")}\n`);
  process.stdin.resume();
  await once(process.stdin, "end");
  for (const { ffmpeg, room } of streams) {
    ffmpeg.kill();
    await room.disconnect();
  }
  process.exit(0); // the SDK's native threads outlive its rooms
}

interface Stream {
  readonly room: Room;
  readonly ffmpeg: ChildProcess;
}

async function play(url: string, token: string, file: string, bitrate: number): Promise<Stream> {
  const room = new Room();
  await room.connect(url, token, { autoSubscribe: false, dynacast: false });
  const source = new AudioSource(RATE, 1);
  const options = new TrackPublishOptions({
    source: TrackSource.SOURCE_MICROPHONE,
    dtx: false,
    red: false,
    audioEncoding: { maxBitrate: BigInt(bitrate) },
  });
  await room.localParticipant?.publishTrack(LocalAudioTrack.createAudioTrack("peer", source), options);
  const decode = [
    "-loglevel",
    "error",
    "-stream_loop",
    "-1",
    "-i",
    file,
    "-f",
    "s16le",
    "-ac",
    "1",
    "-ar",
    `${RATE}`,
    "-",
  ];
  const ffmpeg = spawn("ffmpeg", decode, { stdio: ["ignore", "pipe", "inherit"] });
  await feed(ffmpeg, source);
  return { room, ffmpeg };
}

/** Feeds the track from ffmpeg, frame by frame; resolves with the first one. The SDK's queue sets the pace. */
function feed(ffmpeg: ChildProcess, source: AudioSource): Promise<void> {
  return new Promise((resolve, reject) => {
    pump(ffmpeg, source, resolve).catch(reject);
  });
}

async function pump(ffmpeg: ChildProcess, source: AudioSource, started: () => void): Promise<void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of ffmpeg.stdout ?? []) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (; rest.length >= 2 * FRAME_SAMPLES; rest = rest.subarray(2 * FRAME_SAMPLES)) {
      const samples = new Int16Array(FRAME_SAMPLES);
      new Uint8Array(samples.buffer).set(rest.subarray(0, 2 * FRAME_SAMPLES));
      await source.captureFrame(new AudioFrame(samples, RATE, 1, FRAME_SAMPLES));
      started();
    }
  }
}

await main(process.argv.slice(2));
