import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ConfigError, loadConfig } from "../../src/index.js";
import { createProvider } from "../../src/speech/create-provider.js";
import { glassesTokenSecret } from "../fixtures.js";

let folder: string;
let base: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "speech-config-"));
  writeFileSync(join(folder, "apps.json"), "[]");
  writeFileSync(join(folder, "key"), "secret-key\n");
  base = { APPS_FILE: join(folder, "apps.json"), GLASSES_JWT_SECRET: glassesTokenSecret };
});

afterAll(() => rmSync(folder, { recursive: true }));

const speechOf = (settings: Record<string, string>) => loadConfig({ ...base, ...settings }).speech;

function mistakesOf(settings: Record<string, string>): string {
  try {
    speechOf(settings);
    return "";
  } catch (error) {
    return (error as ConfigError).mistakes.join("\n");
  }
}

it("SPK-40 speech needs no setting", () => {
  expect(speechOf({})).toEqual({
    provider: { name: "flite", voice: undefined, threads: 2 },
    maxText: 2_000,
    timeoutMs: 10_000,
    cacheFolder: undefined,
    cacheBytes: 268_435_456,
    cacheMemoryBytes: 33_554_432,
  });
});

it("SPK-40 speech can be turned off", () => {
  expect(speechOf({ TTS_PROVIDER: "off" })).toBeUndefined();
});

it.each([
  ["elevenlabs", "ELEVENLABS_API_KEY", {}],
  ["openai", "OPENAI_API_KEY", {}],
  ["cartesia", "CARTESIA_API_KEY", {}],
  ["azure", "AZURE_SPEECH_KEY", { AZURE_SPEECH_REGION: "westeurope" }],
])("SPK-40 %s takes its key from %s or the file that it names", (name, variable, more) => {
  const settings = { TTS_PROVIDER: name, TTS_VOICE: "one", TTS_BASE_URL: "http://localhost:1/", ...more };
  const provider = { name, key: "secret-key", voice: "one", baseUrl: "http://localhost:1" };
  const direct = speechOf({ ...settings, [variable]: "secret-key" });
  expect(direct?.provider).toMatchObject(provider);
  expect(speechOf({ ...settings, [`${variable}_FILE`]: join(folder, "key") })).toEqual(direct);
  expect(mistakesOf({ TTS_PROVIDER: name, ...more })).toMatch(`${variable}: is missing`);
  const made = direct && createProvider(direct.provider);
  expect([made?.name, made?.defaultVoice]).toEqual([name, "one"]);
});

it.each([
  [{ TTS_PROVIDER: "espeak" }, "TTS_PROVIDER: is not flite, elevenlabs, openai, cartesia, azure or off"],
  [{ TTS_VOICE: "zoe" }, "TTS_VOICE: flite has no voice zoe; use slt, rms, awb, kal16"],
  [{ TTS_PROVIDER: "azure", AZURE_SPEECH_KEY: "k" }, "AZURE_SPEECH_REGION: is missing"],
  [{ TTS_BASE_URL: "api.example" }, "TTS_BASE_URL: is not a http(s) URL"],
  [{ TTS_MAX_TEXT: "4001" }, "TTS_MAX_TEXT: is more than 4000"],
])("SPK-40 %j is told with what to do", (settings, mistake) => {
  expect(mistakesOf(settings)).toContain(mistake);
});

it("SPK-6 no mistake holds a key", () => {
  expect(mistakesOf({ TTS_PROVIDER: "azure", AZURE_SPEECH_KEY: "secret-key" })).not.toContain("secret-key");
});
