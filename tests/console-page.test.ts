import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ConsoleServer, type ConsoleServerOptions } from "./harness/ConsoleServer.js";
import { findChromium, startBrowser, type TestBrowser } from "./harness/chromium.js";
import { eventfulJob, sampleJobs, sampleSessions } from "./harness/sample-jobs.js";

const chromiumPath = findChromium();
const now = Date.now();
const sessions = sampleSessions(now);

/** The page alone, in a real browser, before a server that plays nothing. */
describe.skipIf(chromiumPath === undefined)("the console's page", () => {
  let browser: TestBrowser;
  let server: ConsoleServer | undefined;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    browser = await startBrowser(chromiumPath ?? "");
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    errors = [];
    page = await browser.context.newPage();
    page.on("pageerror", (error) => errors.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await server?.close();
    expect(errors).toEqual([]);
  });

  async function open(options: ConsoleServerOptions = {}): Promise<ConsoleServer> {
    server = await ConsoleServer.start({ sessions, ...options });
    await page.goto(server.url);
    return server;
  }
  const jobRows = () => page.locator(".job-canvas .job-row");

  test("CON-2 loads nothing from another host", async () => {
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    const { port } = await open({ jobs: sampleJobs(20, now) });
    await jobRows().first().waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    expect([...hosts]).toEqual([`127.0.0.1:${port}`]);
  });

  test("CON-30 asks for the token once, tells of a wrong one, and keeps it for the tab", async () => {
    await open({ token: "right" });
    const field = page.getByLabel("Token", { exact: true });
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("That token was refused").waitFor();
    await field.fill("right");
    await page.keyboard.press("Enter");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.reload();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test("CON-32 says how to turn the API on where it is off", async () => {
    await open({ off: true });
    await page.getByRole("alert").getByText("CONSOLE_TOKEN to use this from outside").waitFor();
  });

  test("CON-11 shows that it is offline, and comes back without a reload", async () => {
    const first = await open({ jobs: sampleJobs(3, now) });
    await page.getByText("Live", { exact: true }).waitFor();
    const { port } = first;
    await first.close();
    server = undefined;
    await page.getByText("Offline").waitFor();
    server = await ConsoleServer.start({ sessions, jobs: sampleJobs(5, now) }, port);
    await page.getByText("Live", { exact: true }).waitFor();
    await jobRows().nth(4).waitFor();
  });

  test("CON-10 a new job and its steps appear without a reload", async () => {
    const { tell } = await open();
    await page.getByText("No job yet").waitFor();
    const { timeline, ...job } = eventfulJob(now);
    tell({ type: "job", job: { ...job, positionMs: 0 } });
    await jobRows().first().click();
    const step = timeline.at(-1);
    tell({ type: "job_step", requestId: job.requestId, step: step ?? { step: "asked", atMs: 0 } });
    await page.locator(".steps").getByText("at 0:15").waitFor();
    await jobRows().first().getByText("0:15").waitFor();
  });

  test("CON-20 after a seek the slider follows the position again", async () => {
    const job = eventfulJob(now);
    const { asked, tell } = await open({ jobs: [job] });
    await jobRows().first().click();
    await page.getByLabel("Position", { exact: true }).fill("30000");
    await expect.poll(() => asked.at(-1)?.body).toEqual({ action: "seek", positionMs: 30_000 });
    const step = { step: "progress", atMs: 22_000, positionMs: 31_000 } as const;
    tell({ type: "job_step", requestId: job.requestId, step });
    await page.locator(".seek").getByText("0:31").waitFor({ timeout: 5_000 });
  });

  test("CON-12 stays readable and quick with 5,000 jobs", async () => {
    const jobs = sampleJobs(5_000, now);
    await open({ jobs, snapshotJobs: 5_000 });
    await page.getByRole("status", { name: "5,000 jobs" }).waitFor();
    expect(await jobRows().count()).toBeLessThan(60);
    await page.locator("#jobs").focus();
    await page.keyboard.press("End");
    const last = page.locator(`.job-row[aria-rowindex="5001"]`);
    await last.waitFor();
    expect(await last.getAttribute("aria-selected")).toBe("true");
    expect(await jobRows().count()).toBeLessThan(60);
    const failed = jobs.filter(({ state }) => state === "error").length;
    await page.getByRole("radio", { name: "Failed" }).check({ force: true });
    await page.getByRole("status", { name: `${failed} jobs` }).waitFor();
  });

  test("CON-12 brings older jobs when the end of the list is near", async () => {
    await open({ jobs: sampleJobs(900, now) });
    await page.getByRole("status", { name: "200 jobs" }).waitFor();
    await page.locator("#jobs").focus();
    await page.keyboard.press("End");
    await page.getByRole("status", { name: "500 jobs" }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("status", { name: "900 jobs" }).waitFor();
  });

  test("CON-15 everything can be done by the keyboard", async () => {
    const job = eventfulJob(now);
    const { asked } = await open({ jobs: [job, ...sampleJobs(5, now - 60_000)] });
    await jobRows().first().waitFor();
    await page.keyboard.press("j");
    await page.locator(".job-controls").waitFor();
    for (const key of ["Space", "ArrowRight", "d", "s", "Shift+S"]) {
      await page.keyboard.press(key);
    }
    await page.keyboard.press("/");
    await page.keyboard.type("sounds.example/bell.mp3");
    await page.keyboard.press("Enter");
    const control = `/api/jobs/${job.requestId}/control`;
    await expect
      .poll(() => asked.filter(({ path }) => path !== "/api/sessions/ana@example.com/listen"))
      .toEqual([
        { path: control, body: { action: "pause" } },
        { path: control, body: { action: "seek", positionMs: 20_400 } },
        { path: control, body: { action: "volume", volume: 0.25, rampMs: 200 } },
        { path: control, body: { action: "stop" } },
        { path: "/api/sessions/ana@example.com/stop", body: {} },
        {
          path: "/api/sessions/ana@example.com/play",
          body: { url: "https://sounds.example/bell.mp3", trackId: 0, volume: 0.25, stopOther: true },
        },
      ]);
    await page.getByLabel("A URL of a sound").blur();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "hidden" });
  });

  test("CON-15 the focus goes through the page in the order of reading, and is seen", async () => {
    await open({ jobs: sampleJobs(5, now) });
    await jobRows().first().waitFor();
    const order: string[] = [];
    for (let index = 0; index < 40 && order.at(-1) !== "jobs"; index++) {
      await page.keyboard.press("Tab");
      order.push(
        await page.evaluate(() => {
          const focused = document.activeElement as HTMLElement;
          const host = focused.matches("input[type=radio]") ? focused.nextElementSibling : focused;
          const seen = getComputedStyle(host ?? focused).outlineStyle !== "none";
          return seen ? focused.id || focused.tagName : `unseen ${focused.outerHTML}`;
        }),
      );
    }
    expect(order.filter((name) => name.startsWith("unseen"))).toEqual([]);
    expect(order.indexOf("what")).toBeGreaterThan(0);
    expect(order.indexOf("jobs")).toBeGreaterThan(order.indexOf("what"));
  });

  test("CON-20 a dropped URL is taken, a dropped file is refused with what to do", async () => {
    await open();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData("text/uri-list", "https://x.example/dropped.mp3");
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    });
    await expect
      .poll(() => page.getByLabel("A URL of a sound").inputValue())
      .toBe("https://x.example/dropped.mp3");
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "x.mp3"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    });
    await page.getByText("give a URL that the bridge can reach").waitFor();
  });

  test("CON-17 on a screen of 360 px nothing is cut off, and every part is reached", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open({ jobs: [eventfulJob(now), ...sampleJobs(50, now)] });
    for (const part of ["Play", "Jobs", "Sessions", "Charts"]) {
      await page.getByRole("navigation").getByRole("button", { name: part }).click();
      const width = await page.evaluate(() => document.querySelector("main")?.scrollWidth);
      expect(width, part).toBeLessThanOrEqual(360);
    }
    await page.getByRole("button", { name: "Jobs" }).click();
    await jobRows().first().click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
  });

  test("CON-16 follows the system's theme until one is chosen, and remembers that", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await open();
    const theme = () => page.evaluate(() => document.documentElement.getAttribute("data-theme"));
    expect(await theme()).toBe("dark");
    await page.emulateMedia({ colorScheme: "light" });
    await expect.poll(theme).toBe("light");
    await page.getByRole("button", { name: "Use the dark theme" }).click();
    await page.reload();
    expect(await theme()).toBe("dark");
    await page.evaluate(() => localStorage.clear());
  });
});
