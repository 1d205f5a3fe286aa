// `make screenshots`: the main states of the console, on the whole system with real sounds, in docs/images.
import { mkdirSync } from "node:fs";
import { Closers, inRepository, Stack, startLiveKit, tune, writeWav } from "@server-playback/simulator";
import type { BrowserContextOptions, Page } from "playwright-core";
import { findChromium, startBrowser } from "./harness/chromium.js";
import { stackEnv } from "./harness/stack-env.js";

const users = ["ana@example.com", "ben@example.com"] as const;
const folder = inRepository("docs", "images");
/** Sounds played before, so that the charts have something to show. */
const earlierPlays = 24;

const chromiumPath = findChromium();
const closers = new Closers();
if (chromiumPath === undefined) {
  process.exitCode = 1;
} else {
  try {
    await main(chromiumPath);
  } finally {
    await closers.close();
  }
}

async function main(executablePath: string): Promise<void> {
  const { url, apiKey, apiSecret } = closers.own(await startLiveKit(stackEnv(process.env, "screenshots")));
  const liveKit = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
  const stack = closers.own(await Stack.start(stackEnv(liveKit, "screenshots")));
  for (const userId of users) {
    const glasses = closers.own(await stack.glasses(userId));
    closers.own(await glasses.listen(stack.parts.tap));
    await stack.startApp(userId);
  }
  await playEarlier(stack);
  const long = stack.parts.samples.serve("evening-news.wav", writeWav(tune(5, 60, 48_000)));
  mkdirSync(folder, { recursive: true });
  await take(executablePath, stack, "console-light", { colorScheme: "light" }, async (page) => {
    await playAndHear(page, long);
  });
  await take(executablePath, stack, "console-dark", { colorScheme: "dark" }, async (page) => {
    await playAndHear(page, long);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.waitForTimeout(1_500);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByLabel("Position", { exact: true }).fill("30000");
    await page.waitForTimeout(3_000);
  });
  await take(executablePath, stack, "console-failure", { colorScheme: "light" }, async (page) => {
    await page.getByRole("radio", { name: "Failed" }).check({ force: true });
    await page.locator(".job-canvas .job-row").first().click();
  });
  const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 };
  await take(executablePath, stack, "console-narrow", { ...phone, colorScheme: "dark" }, async (page) => {
    await playAndHear(page, long);
  });
}

/** Whole sounds, and the failures that bad URLs are. */
async function playEarlier(stack: Stack): Promise<void> {
  const { samples } = stack.parts;
  for (let index = 0; index < earlierPlays; index++) {
    const userId = users[index % users.length] ?? users[0];
    const short = tune(index, 0.3 + (index % 5) * 0.15, 48_000);
    const isBad = index % 9 === 4;
    const audioUrl = isBad
      ? samples.url(`moved-${index}.mp3`)
      : samples.serve(`sound-${index}.wav`, writeWav(short));
    await stack.app.play(userId, { audioUrl });
  }
}

async function playAndHear(page: Page, url: string): Promise<void> {
  await page.getByLabel("A URL of a sound").fill(url);
  await page.getByRole("button", { name: "Play", exact: true }).first().click();
  await page.locator(".state-word", { hasText: "Playing" }).waitFor();
  await page.waitForTimeout(8_000); // the waveform fills
}

async function take(
  executablePath: string,
  stack: Stack,
  name: string,
  options: BrowserContextOptions,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const browser = await startBrowser(executablePath, options);
  try {
    const page = await browser.context.newPage();
    await page.goto(`${stack.parts.cloud.url}/console`);
    await page.getByText("Live", { exact: true }).waitFor();
    await act(page);
    await page.waitForTimeout(1_200); // charts are made once a second
    await page.screenshot({ path: `${folder}/${name}.png` });
  } finally {
    await browser.close();
  }
}
