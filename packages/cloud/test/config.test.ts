import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, hashApiKey, loadConfig } from "../src/index.js";
import { apiKey, app, glassesTokenSecret } from "./fixtures.js";

let folder: string;
let base: Record<string, string>;

const liveKitSettings = {
  LIVEKIT_URL: "ws://livekit:7880",
  LIVEKIT_API_KEY: "devkey",
  LIVEKIT_API_SECRET: "devsecret",
};
const bridgeSettings = { LIVEKIT_GO_BRIDGE_URL: "ws://bridge:8080/ws" };
const complete = { ...liveKitSettings, ...bridgeSettings };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloud-config-"));
  const apps = [{ packageName: app, webhookUrl: "http://app:7010/webhook", apiKeyHash: hashApiKey(apiKey) }];
  base = { APPS_FILE: file("apps.json", JSON.stringify(apps)), GLASSES_JWT_SECRET: glassesTokenSecret };
});

afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function mistakesOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).mistakes;
  }
}

describe("loadConfig", () => {
  it("fills in what may be left out", () => {
    expect(loadConfig({ ...base, CLOUD_PORT: "" })).toMatchObject({
      host: "127.0.0.1",
      port: 8002,
      playbackMode: "off",
      bridgeCooldownMs: 300_000,
      sessionGraceMs: 60_000,
      jobs: { path: ":memory:", max: 10_000 },
      logLevel: "info",
      logFormat: undefined,
      logHashUsers: false,
      apps: [{ packageName: app }],
    });
  });

  it("reports every mistake at once, each with its fix, and no secret", () => {
    const env = {
      ...base,
      CLOUD_PORT: "eighty",
      PUBLIC_URL: "ftp://cloud",
      GLASSES_JWT_SECRET: "too-short-secret",
      LIVEKIT_URL: "http://livekit",
      SERVER_PLAYBACK_ENABLED: "perhaps",
      APPS_FILE: join(folder, "missing.json"),
    };
    const mistakes = mistakesOf(env);
    for (const name of Object.keys(env)) {
      expect(mistakes.join("\n")).toContain(`${name}: `);
    }
    expect(mistakes.join("\n")).not.toContain("too-short-secret");
    expect(() => loadConfig(env)).toThrow(ConfigError);
  });

  it("names what is missing", () => {
    expect(mistakesOf({})).toEqual([
      expect.stringMatching(/^APPS_FILE: is missing/),
      expect.stringMatching(/^GLASSES_JWT_SECRET: is missing/),
    ]);
  });

  it("needs a public URL where it listens on every address", () => {
    expect(mistakesOf({ ...base, CLOUD_HOST: "0.0.0.0" })).toEqual([expect.stringMatching(/^PUBLIC_URL: /)]);
    const config = loadConfig({ ...base, CLOUD_HOST: "0.0.0.0", PUBLIC_URL: "https://cloud.example/" });
    expect(config.publicUrl).toBe("https://cloud.example");
  });

  it("takes secrets from files", () => {
    const { GLASSES_JWT_SECRET, ...rest } = base;
    const GLASSES_JWT_SECRET_FILE = file("secret", `${GLASSES_JWT_SECRET}\n`);
    expect(loadConfig({ ...rest, GLASSES_JWT_SECRET_FILE }).glassesTokenSecret).toBe(glassesTokenSecret);
    expect(mistakesOf({ ...base, GLASSES_JWT_SECRET_FILE })).toEqual([
      expect.stringContaining("either GLASSES_JWT_SECRET or GLASSES_JWT_SECRET_FILE"),
    ]);
    const nowhere = { ...base, BRIDGE_SHARED_SECRET_FILE: join(folder, "nowhere") };
    expect(mistakesOf(nowhere)).toEqual([expect.stringContaining("BRIDGE_SHARED_SECRET_FILE")]);
  });

  it.each([
    ["no JSON", "apps!", /is not JSON/],
    ["no array", "{}", /the file/],
    [
      "a bad hash",
      JSON.stringify([{ packageName: app, webhookUrl: "http://x/", apiKeyHash: "abc" }]),
      /hash-key/,
    ],
    [
      "a bad URL",
      JSON.stringify([{ packageName: app, webhookUrl: "x", apiKeyHash: hashApiKey("k") }]),
      /0.webhookUrl/,
    ],
    [
      "a package twice",
      JSON.stringify(
        ["a", "b"].map((key) => ({
          packageName: app,
          webhookUrl: "http://x/",
          apiKeyHash: hashApiKey(key),
        })),
      ),
      /1.packageName: appears twice/,
    ],
  ])("says what is wrong with an APPS_FILE that holds %s", (what, text, mistake) => {
    expect(mistakesOf({ ...base, APPS_FILE: file(`${what}.json`, text) })).toEqual([
      expect.stringMatching(mistake),
    ]);
  });
});

describe("CL-20 server playback", () => {
  it("CL-20 is on when LiveKit and the bridge are configured", () => {
    expect(loadConfig({ ...base, ...complete })).toMatchObject({
      playbackMode: "shadow",
      liveKit: { publicUrl: "ws://livekit:7880" },
      bridge: { url: "ws://bridge:8080/ws" },
    });
    expect(loadConfig({ ...base, ...liveKitSettings }).playbackMode).toBe("off");
    expect(loadConfig({ ...base, ...bridgeSettings }).playbackMode).toBe("off");
    const publicUrl = "wss://livekit.example";
    expect(loadConfig({ ...base, ...complete, LIVEKIT_PUBLIC_URL: publicUrl }).liveKit?.publicUrl).toBe(
      publicUrl,
    );
  });

  it("CL-20 is off when it is turned off", () => {
    for (const env of [
      { SERVER_PLAYBACK_ENABLED: "false" },
      { SERVER_PLAYBACK_MODE: "off" },
      { SERVER_PLAYBACK_ENABLED: "false", SERVER_PLAYBACK_MODE: "shadow" },
    ]) {
      expect(loadConfig({ ...base, ...complete, ...env }).playbackMode).toBe("off");
      expect(loadConfig({ ...base, ...env }).playbackMode).toBe("off");
    }
  });

  it.each([
    [
      { SERVER_PLAYBACK_ENABLED: "true" },
      /LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, LIVEKIT_GO_BRIDGE_URL/,
    ],
    [{ SERVER_PLAYBACK_ENABLED: "true", ...liveKitSettings }, /needs LIVEKIT_GO_BRIDGE_URL;/],
    [{ SERVER_PLAYBACK_MODE: "shadow", ...bridgeSettings }, /needs LIVEKIT_URL, /],
    [{ LIVEKIT_URL: "ws://livekit:7880" }, /LIVEKIT_API_KEY and LIVEKIT_API_SECRET missing/],
    [{ SERVER_PLAYBACK_MODE: "primary", ...bridgeSettings }, /needs LIVEKIT_URL, /],
    [{ ...complete, PLAYBACK_FLAGS_FILE: "/nowhere/flags.json" }, /FLAGS_FILE: it cannot be read .ENOENT/],
    [{ ...complete, LIVEKIT_GO_BRIDGE_URL: "ws://one/ws,http://two" }, /is not a list of ws.s. URLs/],
    [{ ...complete, SERVER_PLAYBACK_MODE: "off", SERVER_PLAYBACK_ENABLED: "true" }, /leave one of them out/],
    [{ ...complete, SERVER_PLAYBACK_MODE: "loud" }, /SERVER_PLAYBACK_MODE: is not off, shadow or primary/],
  ])("CL-20 that is asked for and cannot be is one error: %o", (env, mistake) => {
    expect(mistakesOf({ ...base, ...env } as Record<string, string>)).toEqual([
      expect.stringMatching(mistake),
    ]);
  });
});
