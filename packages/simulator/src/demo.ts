// `make demo`: plays real sounds through every part, listens in the room, and ends with 0 only if what
// was heard is what was asked.
import { mkdirSync, writeFileSync } from "node:fs";
import { writeWav } from "./audio/wav.js";
import { Closers } from "./closers.js";
import { steps } from "./demo/plan.js";
import { metricsTable, seedMetrics, stepTable } from "./demo/report.js";
import { runStep, type StepResult } from "./demo/step.js";
import { decodePackets } from "./room/decode.js";
import { type ArrivedPacket, ordered } from "./room/packets.js";
import { Stack } from "./Stack.js";
import { inRepository } from "./stack/env.js";
import { runProgram } from "./stack/program.js";

const USER = "demo@example.com";

await runProgram(async (signal) => {
  say("Starting a LiveKit server, the bridge, the cloud, glasses and an app ...");
  const closers = new Closers();
  try {
    const results = await play(closers, signal);
    say(`The recordings are in out/: ${results.map(({ file }) => file).join(", ")}`);
    return results.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await closers.close();
  }
});

async function play(closers: Closers, signal: AbortSignal): Promise<{ ok: boolean; file: string }[]> {
  const stack = closers.own(await Stack.start());
  const glasses = closers.own(await stack.glasses(USER));
  const ears = await glasses.listen(stack.parts.tap);
  await stack.startApp(USER);
  say("Everything is up; a listener is in the room.\n");
  const results: StepResult[] = [];
  for (const step of steps) {
    signal.throwIfAborted();
    const result = await runStep(step, { stack, userId: USER, glasses, ears });
    results.push(result);
    say(stepTable(result, results.length - 1));
  }
  const metrics = await stack.parts.cloud.metrics();
  say(metricsTable(metrics));
  writeReport(results, seedMetrics(metrics));
  const recordings = results.map(async ({ ok, asked, packets }) => ({
    ok,
    file: await writeRecording(`demo-${asked.file.replace(/\..*/, "")}.wav`, packets),
  }));
  await writeRecording("demo.wav", ears.packets());
  return [...(await Promise.all(recordings)), { ok: true, file: "demo.wav" }];
}

function writeReport(results: readonly StepResult[], metrics: Record<string, number>): void {
  const forFile = results.map(({ packets: _, ...step }) => step);
  const report = { ok: results.every(({ ok }) => ok), steps: forFile, metrics };
  mkdirSync(inRepository("out"), { recursive: true });
  writeFileSync(inRepository("out", "demo.json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** Writes what a listener heard as a WAV that any player plays; returns its name. */
async function writeRecording(name: string, packets: readonly ArrivedPacket[]): Promise<string> {
  writeFileSync(inRepository("out", name), writeWav(await decodePackets(ordered(packets))));
  return name;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
