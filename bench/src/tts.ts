// `make bench-tts`: how soon a text is heard in the room. As samples straight to the bridge, beside the same
// text by a URL that the bridge fetches: as a file that is complete before it is sent, which is how a URL of
// speech is usually served, and by this server's own `/api/tts`, which sends while it speaks.
import { SpeechSigner } from "@server-playback/cloud";
import {
  type Closable,
  Closers,
  inRepository,
  type RoomListener,
  SimulatedGlasses,
  Stack,
} from "@server-playback/simulator";
import { sleep, wallMs } from "./Bed.js";
import { median, percentile, spread } from "./stats.js";
import { format, type Line, write } from "./table.js";

const COLD_RUNS = 5;
const RUNS = 40;
const CPU_RUNS = 8;
/** After a sound's end, until the encoder's last packet is surely out, in ms. */
const REST_MS = 150;
/** How much of a speech is heard before it is stopped, in ms. */
const HEARD_MS = 300;
const USER = "bench@example.com";
const TRACK = 2;
const ways = ["direct", "file", "streamed"] as const;
type Way = (typeof ways)[number];

let next = 1;
/** Three sentences; no two texts are the same. */
function newText(): string {
  return `At corner number ${next++}, turn left into Mill Street. Then go straight on for half a mile. The house is on your right.`;
}

/** A whole system, and a user whose room the bridge is in. */
class Speakers implements Closable {
  readonly #closers: Closers;
  readonly #signer: SpeechSigner;

  private constructor(
    closers: Closers,
    readonly stack: Stack,
    readonly ears: RoomListener,
  ) {
    this.#closers = closers;
    this.#signer = new SpeechSigner(stack.parts.cloud.glassesTokenSecret);
  }

  static async start(): Promise<Speakers> {
    const closers = new Closers();
    try {
      const stack = closers.own(await Stack.start({ logDir: inRepository("out", "logs", "bench-tts") }));
      const { cloud, samples, tap } = stack.parts;
      // glasses that fetch nothing: the speech is made for the room alone
      const soundLength = () => sleep(0).then(() => 600_000);
      const token = await cloud.glassesToken(USER);
      const glasses = closers.own(await SimulatedGlasses.connect({ url: cloud.url, token, soundLength }));
      const ears = closers.own(await glasses.listen(tap));
      await stack.startApp(USER);
      const speakers = new Speakers(closers, stack, ears);
      await speakers.firstPacketMs(() =>
        stack.app.play(USER, { audioUrl: samples.url("chime.wav"), trackId: TRACK }),
      );
      return speakers;
    } catch (error) {
      await closers.close();
      throw error;
    }
  }

  say(way: Way, text: string): Promise<unknown> {
    const { app } = this.stack;
    switch (way) {
      case "direct":
        return app.speak(USER, text);
      case "file":
        return app.play(USER, { audioUrl: this.#fileUrl(text), trackId: TRACK });
      case "streamed":
        return app.play(USER, { audioUrl: this.#streamedUrl(text), trackId: TRACK });
    }
  }

  /** Under a name that the cloud does not know as its own. */
  #streamedUrl(text: string): string {
    const origin = new URL(this.stack.parts.cloud.url.replace("127.0.0.1", "localhost"));
    const url = new URL(`/api/tts?${new URLSearchParams({ text })}`, origin);
    return this.#signer.sign(url.href, origin);
  }

  #fileUrl(text: string): string {
    return this.stack.parts.samples.serve(`speech-${next++}.wav`, (_, response) => {
      void this.whole(text).then((wav) => {
        response.writeHead(200, { "content-type": "audio/wav", "content-length": wav.length }).end(wav);
      });
    });
  }

  /** The whole speech, as a file. */
  async whole(text: string): Promise<Buffer> {
    const response = await fetch(this.#streamedUrl(text));
    return Buffer.from(await response.arrayBuffer());
  }

  /** From the app's call to the first packet at the listener; then it is stopped. */
  async firstPacketMs(play: () => Promise<unknown>): Promise<number> {
    const asked = wallMs();
    const answered = play();
    const first = await this.ears.firstPacket(asked);
    await this.stack.app.stop(USER, TRACK);
    await Promise.all([answered, this.ears.quiet(REST_MS)]);
    return first.atMs - asked;
  }

  /** From the app's stop to the last packet. */
  async stopMs(text: string): Promise<number> {
    const asked = wallMs();
    const answered = this.say("direct", text);
    await this.ears.firstPacket(asked);
    await sleep(HEARD_MS + (next++ % 20));
    const stopped = wallMs();
    await this.stack.app.stop(USER, TRACK);
    await Promise.all([answered, this.ears.quiet(REST_MS)]);
    return Math.max(0, (this.ears.packets().at(-1)?.atMs ?? 0) - stopped);
  }

  /** CPU seconds of the cloud and the bridge so far. */
  async cpuSeconds(): Promise<number> {
    const { cloud, bridges } = this.stack.parts;
    const used = await Promise.all(
      [cloud.url, ...bridges.map(({ url }) => url)].map(async (url) => {
        const text = await (await fetch(`${url}/metrics`)).text();
        return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
      }),
    );
    return used.reduce((sum, seconds) => sum + seconds, 0);
  }

  close(): Promise<void> {
    return this.#closers.close();
  }
}

type Latencies = Readonly<Record<Way, number[]>>;

/** Each in a process that has not spoken yet, to an app that has just connected. */
async function cold(): Promise<Latencies> {
  const latencies: Latencies = { direct: [], file: [], streamed: [] };
  for (let i = 0; i < COLD_RUNS; i++) {
    for (const way of ways) {
      const speakers = await Speakers.start();
      latencies[way].push(await speakers.firstPacketMs(() => speakers.say(way, newText())));
      await speakers.close();
    }
  }
  return latencies;
}

/** One way and the other in turn, so that what else the machine does meets both. */
async function inTurn(speakers: Speakers, text: () => string): Promise<Latencies> {
  const latencies: Latencies = { direct: [], file: [], streamed: [] };
  for (let i = 0; i < RUNS; i++) {
    for (const way of ways) {
      latencies[way].push(await speakers.firstPacketMs(() => speakers.say(way, text())));
    }
  }
  return latencies;
}

/** CPU of a text spoken to its end, in ms. */
async function cpu(speakers: Speakers, way: Way): Promise<number> {
  const before = await speakers.cpuSeconds();
  for (let i = 0; i < CPU_RUNS; i++) {
    const asked = wallMs();
    const answered = speakers.say(way, `Short message number ${next++}.`);
    await speakers.ears.firstPacket(asked);
    await speakers.ears.quiet(400);
    await speakers.stack.app.stop(USER, TRACK); // the glasses still play
    await answered;
  }
  return (((await speakers.cpuSeconds()) - before) * 1000) / CPU_RUNS;
}

/** Direct beside one of the others. */
function beside(name: string, latencies: Latencies, other: Way): Line {
  const [ours, peer] = [median(latencies.direct), median(latencies[other])];
  const note = `${latencies.direct.length} runs each; direct ${spread(latencies.direct)}, ${other} ${spread(latencies[other])}`;
  return { name, unit: "ms", ours, floor: null, peer, ratio: peer / ours, target: null, ok: null, note };
}

function uncached(state: string, latencies: Latencies): Line[] {
  const file = beside(`first packet, flite ${state}, p50; peer: a file by URL`, latencies, "file");
  const streamed = beside(`first packet, flite ${state}, p50; peer: /api/tts by URL`, latencies, "streamed");
  return [{ ...file, target: ">= 2x sooner", ok: (file.ratio ?? 0) >= 2 }, streamed];
}

function cached(latencies: Latencies): Line {
  const line = beside("first packet, cached, p50; peer: /api/tts by URL", latencies, "streamed");
  return { ...line, target: "<= 10 ms", ok: (line.ours ?? 0) <= 10 };
}

function stopLine(tails: readonly number[]): Line {
  const p95 = percentile(tails, 0.95);
  const note = `${tails.length} stops, p50 ${median(tails).toFixed(1)}, ${spread(tails)}`;
  return {
    name: "stopAudio(2) to last packet, p95",
    unit: "ms",
    ours: p95,
    floor: null,
    peer: null,
    ratio: null,
    target: "<= 40 ms",
    ok: p95 <= 40,
    note,
  };
}

async function main(): Promise<boolean> {
  const say = (part: string) => process.stderr.write(`measuring: ${part}\n`);
  say("cold");
  const lines = uncached("cold", await cold());
  const speakers = await Speakers.start();
  try {
    say("warm");
    await warmUp(speakers);
    lines.push(...uncached("warm", await inTurn(speakers, newText)));
    say("cached");
    const text = newText();
    await speakers.whole(text);
    lines.push(cached(await inTurn(speakers, () => text)));
    say("stop");
    const tails: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      tails.push(await speakers.stopMs(text));
    }
    lines.push(stopLine(tails));
    say("cpu");
    const [ours, peer] = [await cpu(speakers, "direct"), await cpu(speakers, "streamed")];
    const note = `cloud and bridge together, ${CPU_RUNS} texts each, synthesis included`;
    lines.push({
      name: "CPU of a short new text; peer: /api/tts by URL",
      unit: "ms",
      ours,
      floor: null,
      peer,
      ratio: peer / ours,
      target: null,
      ok: null,
      note,
    });
  } finally {
    await speakers.close();
  }
  process.stdout.write(`${format(lines)}\n`);
  write(inRepository("out", "bench", "tts.json"), lines);
  return lines.every(({ ok }) => ok !== false);
}

/** The first texts of a process are slower: its code is compiled while it runs. */
async function warmUp(speakers: Speakers): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await speakers.firstPacketMs(() => speakers.say("direct", newText()));
  }
}

process.exitCode = (await main()) ? 0 : 1;
