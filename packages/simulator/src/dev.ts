// `make dev`: every part, up until Ctrl-C, with an app that can be told from the keyboard to play.
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Closers } from "./closers.js";
import { Stack } from "./Stack.js";
import { inRepository } from "./stack/env.js";
import { roomToken } from "./stack/livekit.js";
import { runProgram } from "./stack/program.js";

const USER = "dev@example.com";

await runProgram(async (signal, closers) => {
  const env = { JOBS_DB: inRepository("out", "jobs.db"), ...process.env };
  const stack = closers.own(await Stack.start({ usualPorts: true, env }));
  const glasses = closers.own(await stack.glasses(USER));
  closers.own(await glasses.listen(stack.parts.tap));
  await stack.startApp(USER);
  await describe(stack, glasses.room.roomName);
  obeyKeyboard(stack, closers);
  if (!signal.aborted) {
    await once(signal, "abort");
  }
  return 0;
});

async function describe(stack: Stack, roomName: string): Promise<void> {
  const { cloud, bridges, liveKit, samples } = stack.parts;
  const rows = [
    ["console", `${cloud.url}/console/`],
    ["cloud", cloud.url],
    ["glasses token", await cloud.glassesToken(USER)],
    ["bridge", bridges.map(({ wsUrl }) => wsUrl).join(", ")],
    ["LiveKit", `${liveKit.url}  (key ${liveKit.apiKey}, secret ${liveKit.apiSecret})`],
    ["room", roomName],
    ["listener token", await roomToken(liveKit, roomName, "listener", "subscribe")],
    ["samples", `${samples.url("chime.wav")}, speech.wav, tune-5s.mp3, tune-10s.mp3`],
    ["logs", inRepository("out", "logs")],
  ];
  say(rows.map(([name = "", text = ""]) => `${name.padEnd(16)}${text}`).join("\n"));
  say("\nType  play <sample or URL>  or  stop.  Ctrl-C ends everything.");
}

function obeyKeyboard(stack: Stack, closers: Closers): void {
  const lines = createInterface({ input: process.stdin });
  closers.own({
    close: async () => {
      lines.close();
    },
  });
  lines.on("line", (line) => {
    obey(stack, line.trim()).then(say, (error: unknown) => say(String(error)));
  });
}

async function obey(stack: Stack, line: string): Promise<string> {
  const [command, name] = line.split(/\s+/, 2);
  if (command === "play" && name !== undefined) {
    const audioUrl = URL.canParse(name) ? name : stack.parts.samples.url(name);
    return `the app was told: ${JSON.stringify(await stack.app.play(USER, { audioUrl }))}`;
  }
  if (command === "stop") {
    await stack.app.stop(USER);
    return "stopped";
  }
  return "play <sample or URL>, or stop";
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
