// Makes the sounds of this folder anew. Needs espeak-ng and lame, and the compiled simulator
// (`npx tsc -b packages/simulator`); run it from anywhere: `node samples/make-samples.mjs`.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { readWav, resample, tune, writeWav } from "../packages/simulator/dist/index.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const scratch = `${tmpdir()}/server-playback-sample-${process.pid}.wav`;

writeFileSync(here("chime.wav"), writeWav(tune(1, 1.4, 44_100)));
makeMp3("tune-5s.mp3", 2, 5);
makeMp3("tune-10s.mp3", 3, 10);
makeSpeech("speech.wav", "The first word is heard, and so is the last one.");
rmSync(scratch);

function makeMp3(name, seed, seconds) {
  writeFileSync(scratch, writeWav(tune(seed, seconds, 44_100)));
  execFileSync("lame", ["--quiet", "-b", "128", "--cbr", scratch, here(name)]);
}

/** espeak-ng speaks at 22.05 kHz; 16 kHz is what speech services send. */
function makeSpeech(name, text) {
  execFileSync("espeak-ng", ["-v", "en-gb", "-s", "150", "-w", scratch, text]);
  const spoken = readWav(readFileSync(scratch));
  const samples = resample(spoken.channels[0], spoken.sampleRate, 16_000);
  writeFileSync(here(name), writeWav({ sampleRate: 16_000, channels: [samples] }));
}
