import { expect, it } from "vitest";
import { Apps } from "../src/apps.js";
import { hashApiKey } from "../src/index.js";
import { isOwnSpeechUrl } from "../src/speech-url.js";
import { apiKey, app, otherApp } from "./fixtures.js";

const apps = new Apps([
  { packageName: app, webhookUrl: "http://app/webhook", apiKeyHash: hashApiKey(apiKey) },
]);

it.each([
  [app, apiKey, true],
  [app, `${apiKey} `, false],
  [app, "", false],
  [otherApp, apiKey, false],
  [otherApp, "", false],
])("BAD-2 %s with the key %j: %s", (packageName, key, expected) => {
  expect(apps.hasKey(packageName, key)).toBe(expected);
});

it.each([
  ["https://cloud.example/api/tts?text=hello", true],
  ["http://cloud.example/api/tts", true],
  ["https://cloud.example/api/ttsx", false],
  ["https://elsewhere.example/api/tts?text=hello", false],
  ["https://elsewhere.example/?u=https://cloud.example/api/tts", false],
  ["file://cloud.example/api/tts", false],
  ["not a URL", false],
])("own speech: %s is %s", (url, expected) => {
  expect(isOwnSpeechUrl(url, "https://cloud.example")).toBe(expected);
});
