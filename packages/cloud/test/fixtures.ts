import { SignJWT } from "jose";
import { pino } from "pino";
import { type Cloud, type CloudConfig, hashApiKey, type Logger, startCloud } from "../src/index.js";

export const glassesTokenSecret = "glasses-secret-of-32-characters!!";
export const appTokenSecret = "apps-secret-of-32-characters-too!!";
export const apiKey = "a-key-that-only-the-app-knows";
export const otherApiKey = "a-key-of-another-app";
export const app = "com.example.radio";
export const otherApp = "com.example.chess";
export const user = "ada@example.com";

/** Log lines of one cloud, parsed. */
export type LogLine = Record<string, unknown> & { msg: string; requestId?: string };

export interface TestCloud extends Cloud {
  readonly logLines: LogLine[];
}

export interface TestCloudOptions extends Partial<CloudConfig> {
  webhookUrl?: string;
}

/** A cloud on a port of its own, with two apps, whose log is kept. */
export async function startTestCloud(options: TestCloudOptions = {}): Promise<TestCloud> {
  const { webhookUrl = "http://127.0.0.1:9/webhook", ...config } = options;
  const logLines: LogLine[] = [];
  const cloud = await startCloud(
    {
      host: "127.0.0.1",
      port: 0,
      apps: [
        { packageName: app, webhookUrl, apiKeyHash: hashApiKey(apiKey) },
        { packageName: otherApp, webhookUrl, apiKeyHash: hashApiKey(otherApiKey) },
      ],
      glassesTokenSecret,
      appTokenSecret,
      playbackMode: "off",
      canPlayInRoom: config.liveKit !== undefined && config.bridge !== undefined,
      bridgeCooldownMs: 300_000,
      leaseGraceMs: 10_000,
      sessionGraceMs: 60_000,
      jobs: { path: ":memory:", max: 1000 },
      logLevel: "debug",
      ...config,
    },
    loggerInto(logLines),
  );
  return Object.assign(Object.create(cloud), {
    url: cloud.url,
    metrics: cloud.metrics,
    close: () => cloud.close(),
    logLines,
  });
}

export const liveKit = {
  publicUrl: "wss://livekit.example",
  apiKey: "devkey",
  apiSecret: "a-livekit-secret-of-32-characters",
};

export function loggerInto(lines: LogLine[]): Logger {
  return pino({ level: "debug", base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
}

/** A token of a user's glasses. */
export function glassesToken(email: string = user, secret: string = glassesTokenSecret): Promise<string> {
  return sign({ email }, secret);
}

export function sign(claims: Record<string, unknown>, secret: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("5m")
    .sign(new TextEncoder().encode(secret));
}

/** The value of a metric, summed over its labels. */
export async function metric(cloud: Cloud, name: string): Promise<number> {
  const text = await (await fetch(`${cloud.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) {
    throw new Error(`no metric ${name}`);
  }
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
