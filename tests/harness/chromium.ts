import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";

/** Where distributions put it. */
const usualPaths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];
/** Longest time that fetching and unpacking the package may take, in ms. */
const INSTALL_TIMEOUT_MS = 240_000;

/** No traffic of its own, and sound without a click. */
const browserArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

/**
 * Chromium's path: `CHROMIUM_BIN`, an installed one, or one installed now from Debian's packages. Without
 * any, says why on standard error and answers undefined: the tests that need it are skipped.
 */
export function findChromium(): string | undefined {
  const found = installedChromium();
  if (found !== undefined) {
    return found;
  }
  const obstacle = installChromium();
  const installed = installedChromium();
  if (installed === undefined) {
    process.stderr.write(
      `Tests in a browser are SKIPPED: no Chromium (${obstacle}). Install chromium, or set CHROMIUM_BIN.\n`,
    );
  }
  return installed;
}

function installedChromium(): string | undefined {
  const { CHROMIUM_BIN } = process.env;
  return (CHROMIUM_BIN ? [CHROMIUM_BIN] : usualPaths).find((file) => existsSync(file));
}

/** Tries to install it; answers what stood in the way. */
function installChromium(): string {
  const { CHROMIUM_BIN } = process.env;
  if (CHROMIUM_BIN) {
    return "CHROMIUM_BIN names no file";
  }
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    return "none is installed, and only root can install it here, by apt-get";
  }
  process.stderr.write("Installing Debian's Chromium for the tests in a browser (up to 4 minutes)\n");
  const commands = "apt-get update -qq && apt-get install -qq --no-install-recommends chromium";
  const { status, signal } = spawnSync("sh", ["-c", commands], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: "ignore",
    timeout: INSTALL_TIMEOUT_MS,
  });
  return `apt-get ended with ${signal ?? `code ${status}`}`;
}

/** A browser with a profile of its own, gone when it is closed. */
export interface TestBrowser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts a browser without a window. */
export async function startBrowser(
  executablePath: string,
  options: BrowserContextOptions = {},
): Promise<TestBrowser> {
  const profile = mkdtempSync(path.join(tmpdir(), "server-playback-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: browserArgs,
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
