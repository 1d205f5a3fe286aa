// `make demo`: plays real sounds through every part, listens in the room, and ends with 0 only if what
// was heard is what was asked.
import { mkdirSync, writeFileSync } from "node:fs";
import { writeWav } from "./audio/wav.js";
import type { Closers } from "./closers.js";
import { type DemoStep, steps } from "./demo/plan.js";
import { metricsTable, seedMetrics, stepTable } from "./demo/report.js";
import { setMode, setScene } from "./demo/scene.js";
import { runStep, type StepResult } from "./demo/step.js";
import { decodePackets } from "./room/decode.js";
import { type ArrivedPacket, ordered } from "./room/packets.js";
import { inRepository } from "./stack/env.js";
import { runProgram } from "./stack/program.js";

await runProgram(async (signal, closers) => {
  say("Starting a LiveKit server, the bridge, the cloud, glasses and an app ...");
  return (await play(closers, signal)) ? 0 : 1;
});

async function play(closers: Closers, signal: AbortSignal): Promise<boolean> {
  const scene = await setScene(closers);
  const { cloud } = scene.stack.parts;
  say("Everything is up; a listener is in the room.\n");
  const results: StepResult[] = [];
  let mode: DemoStep["mode"] = "shadow";
  for (const step of steps) {
    signal.throwIfAborted();
    if (step.mode !== mode) {
      mode = step.mode;
      await setMode(mode, cloud);
    }
    const result = await runStep(step, scene, results.at(-1));
    results.push(result);
    say(stepTable(step, result, results.length - 1));
  }
  const metrics = await cloud.metrics();
  say(metricsTable(metrics));
  writeReport(results, seedMetrics(metrics));
  const files = await writeRecordings(results);
  await writeRecording("demo.wav", scene.ears.packets());
  say(`The recordings are in out/: ${[...files, "demo.wav"].join(", ")}`);
  return results.every(({ ok }) => ok);
}

function writeReport(results: readonly StepResult[], metrics: Record<string, number>): void {
  const forFile = results.map(({ packets: _, ...step }) => step);
  const report = { ok: results.every(({ ok }) => ok), steps: forFile, metrics };
  mkdirSync(inRepository("out"), { recursive: true });
  writeFileSync(inRepository("out", "demo.json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** One file a step, but for the step of which nothing was to be heard. */
function writeRecordings(results: readonly StepResult[]): Promise<string[]> {
  const heard = results.flatMap(({ packets }, i) =>
    packets.length === 0 ? [] : [{ packets, name: `demo-${steps[i]?.recording}.wav` }],
  );
  return Promise.all(heard.map(({ name, packets }) => writeRecording(name, packets)));
}

/** Writes what a listener heard as a WAV that any player plays; returns its name. */
async function writeRecording(name: string, packets: readonly ArrivedPacket[]): Promise<string> {
  writeFileSync(inRepository("out", name), writeWav(await decodePackets(ordered(packets))));
  return name;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
