import { Closers, type SimulatedGlasses, Stack, sine, writeWav } from "@server-playback/simulator";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { findChromium, startBrowser } from "./harness/chromium.js";
import { receivedAudio, watchConnections } from "./harness/received-audio.js";
import { stackEnv } from "./harness/stack-env.js";

const chromiumPath = findChromium();
const token = "a-console-token-of-length";
/** Bound of what happens within a second or two on an idle machine. */
const soon = { timeout: 10_000 };
const userId = "console@example.com";

/** The console on the whole system: what is played is heard in the browser, by what the browser received. */
describe.skipIf(chromiumPath === undefined)("the console", () => {
  const closers = new Closers();
  let stack: Stack;
  let glasses: SimulatedGlasses;
  let page: Page;
  let longUrl: string;

  beforeAll(async () => {
    const { url, apiKey, apiSecret } = inject("liveKit");
    const settings = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret };
    stack = closers.own(await Stack.start(stackEnv({ ...settings, CONSOLE_TOKEN: token }, "console")));
    glasses = closers.own(await stack.glasses(userId));
    closers.own(await glasses.listen(stack.parts.tap));
    await stack.startApp(userId);
    const tone = sine(440, 30, 48_000, 0.3);
    longUrl = stack.parts.samples.serve("long.wav", writeWav({ sampleRate: 48_000, channels: [tone] }));
    const browser = closers.own(await startBrowser(chromiumPath ?? ""));
    page = await browser.context.newPage();
    await watchConnections(page);
    await page.goto(`${stack.parts.cloud.url}/console`);
    await page.getByLabel("Token", { exact: true }).fill(token);
    await page.keyboard.press("Enter");
    await page.getByText("Live", { exact: true }).waitFor();
  });
  afterAll(() => closers.close());

  const panel = () => page.locator(".panel.job");
  const state = (text: string) =>
    expect.poll(() => panel().locator(".state-word").textContent(), soon).toBe(text);
  const level = async () => Number(await page.getByRole("meter").getAttribute("aria-valuenow"));

  /** Plays a tone of 30 s until it is heard. */
  async function playTone(): Promise<void> {
    await play(longUrl);
    await state("Playing");
    await expect.poll(level, soon).toBeGreaterThan(-30);
  }

  async function play(typed: string): Promise<void> {
    await page.getByLabel("A URL of a sound").fill(typed);
    await page.getByRole("button", { name: "Play", exact: true }).first().click();
  }

  test("CON-1 is served by the cloud, and shows nothing without the token", async () => {
    const other = await page.context().newPage();
    const shown = await other.goto(`${stack.parts.cloud.url}/console`);
    expect(shown?.status()).toBe(200);
    await other.getByLabel("Token", { exact: true }).waitFor();
    expect(await other.getByText(userId).count()).toBe(0);
    await other.close();
  });

  test("CON-20 CON-21 plays a URL in the room, and it is heard in the browser", async () => {
    await playTone();
    const before = await receivedAudio(page);
    await expect
      .poll(async () => (await receivedAudio(page)).energy - before.energy, soon)
      .toBeGreaterThan(0.01);
    expect((await receivedAudio(page)).packetsLost).toBe(0);
  });

  test("CON-20 speaks a sentence on the layer of speech", async () => {
    await page.getByLabel("A URL of a sound").fill("");
    await page.getByRole("button", { name: "Try a sentence" }).click();
    await page.getByRole("button", { name: "Play", exact: true }).first().click();
    await panel().getByRole("heading", { name: "Good morning" }).waitFor();
    await expect.poll(level, soon).toBeGreaterThan(-40);
    await state("Completed");
    await panel().locator(".facts").getByText("Speech", { exact: true }).waitFor();
  });

  test("CON-23 the timeline tells what the job went through while it plays", async () => {
    await playTone();
    await panel().locator(".steps").getByText("First packet sent").waitFor();
    await panel().locator(".span.span-playing").waitFor();
    const position = () => panel().locator(".seek .figure").first().textContent();
    const before = await position();
    await expect.poll(position, soon).not.toBe(before);
  });

  test("CON-22 a fader, ducking and the volume of a job are heard at once", async () => {
    await playTone();
    const full = await level();
    await page.keyboard.press("d");
    await expect.poll(level, soon).toBeLessThan(full - 9);
    await page.keyboard.press("d");
    await expect.poll(level, soon).toBeGreaterThan(full - 3);
    await page.getByLabel("Volume of Speaker").fill("10");
    await expect.poll(level, soon).toBeLessThan(full - 16);
    await page.getByLabel("Volume of Speaker").fill("100");
    await expect.poll(level, soon).toBeGreaterThan(full - 3);
  });

  test("CON-20 pauses, goes on, seeks and stops", async () => {
    await playTone();
    await panel().getByRole("button", { name: "Pause" }).click();
    await state("Paused");
    await expect.poll(level, soon).toBe(-60);
    await panel().getByRole("button", { name: "Resume" }).click();
    await state("Playing");
    await expect.poll(level, soon).toBeGreaterThan(-30);
    await panel().getByLabel("Position", { exact: true }).fill("20000");
    await panel().locator(".steps").getByText("Sought").waitFor();
    await panel().getByRole("button", { name: "Stop" }).click();
    await state("Stopped");
    await expect.poll(level, soon).toBe(-60);
    const { energy } = await receivedAudio(page);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await receivedAudio(page)).energy - energy).toBeLessThan(0.001);
  });

  test("CON-24 shows the failure of a bad URL, what it means and what to do", async () => {
    await play(stack.parts.samples.url("not-there.mp3"));
    await state("Failed");
    const alert = panel().getByRole("alert");
    await alert.getByText("http_status").waitFor();
    await alert.getByText("Open the URL").waitFor();
    await page.getByRole("region", { name: "Failures" }).getByText("http_status").waitFor();
  });

  test("CON-10 lists what apps play, with the device's duration beside the room's", async () => {
    await stack.app.play(userId, { audioUrl: stack.parts.samples.url("chime.wav") });
    const row = page.locator(".job-canvas .job-row").first();
    await row.getByText("chime.wav").waitFor();
    await row.getByText("Completed").waitFor();
    await expect.poll(() => row.locator(".cell-difference").textContent(), soon).toMatch(/s$/);
  });

  test("CON-10 shows at once that the glasses went away", async () => {
    const item = page.getByRole("region", { name: "Sessions" });
    await item.getByText("glasses connected").waitFor();
    await glasses.close();
    await item.getByText(/glasses away|No session/).waitFor();
  });
});
