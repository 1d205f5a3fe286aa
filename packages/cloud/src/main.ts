#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { collectDefaultMetrics } from "prom-client";
import { hashApiKey } from "./apps.js";
import { CloudStartError, startCloud } from "./cloud.js";
import { ConfigError, loadConfig } from "./config.js";
import { JobStoreError } from "./jobs/JobStore.js";
import { type SettingName, settings } from "./settings.js";
import { tracerFromEnvironment } from "./tracing/PlayTracer.js";

const usage = `The cloud of server playback: apps and glasses connect to it.

Usage: main.js [command]

Commands:
  (none)         start
  check-config   read the settings, report every mistake, and end
  new-key        make a random key for an app, and the hash of it for APPS_FILE
  hash-key       hash the key on standard input for APPS_FILE
  --help, --version

Settings, from the environment; those marked * also from the file that NAME_FILE names:
${(Object.keys(settings) as SettingName[])
  .map((name) => `  ${`${name}${settings[name].secret ? "*" : ""}`.padEnd(25)} ${settings[name].help}`)
  .join("\n")}
`;

async function main(command: string | undefined): Promise<void> {
  switch (command) {
    case undefined:
      await runFromEnvironment();
      break;
    case "check-config":
      loadConfig(process.env);
      process.stdout.write("The configuration is complete.\n");
      break;
    case "new-key": {
      const apiKey = randomBytes(32).toString("base64url");
      process.stdout.write(`${JSON.stringify({ apiKey, apiKeyHash: hashApiKey(apiKey) }, null, 2)}\n`);
      break;
    }
    case "hash-key":
      process.stdout.write(`${hashApiKey((await text(process.stdin)).trim())}\n`);
      break;
    case "--help":
      process.stdout.write(usage);
      break;
    case "--version":
      process.stdout.write(`${version()}\n`);
      break;
    default:
      process.stderr.write(`Unknown command ${command}.\n\n${usage}`);
      process.exitCode = 2;
  }
}

async function runFromEnvironment(): Promise<void> {
  const config = loadConfig(process.env);
  const tracer = await tracerFromEnvironment(process.env);
  const cloud = await startCloud(config, undefined, tracer);
  collectDefaultMetrics({ register: cloud.metrics.registry });
  runUntilSignal(async () => {
    await cloud.close();
    await tracer?.close();
  });
}

/** Ends with code 0 once everything is closed; a second signal ends at once. */
function runUntilSignal(close: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void close().then(() => process.exit(0));
    });
  }
}

function version(): string {
  const file = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}

main(process.argv[2]).catch((error: unknown) => {
  const isExpected = [ConfigError, CloudStartError, JobStoreError].some((kind) => error instanceof kind);
  const { message, stack } = error as Error;
  process.stderr.write(`${isExpected ? message : stack}\n`);
  process.exitCode = 1;
});
