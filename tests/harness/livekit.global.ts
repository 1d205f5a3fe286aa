import { startLiveKit } from "@server-playback/simulator";
import type { TestProject } from "vitest/node";
import { stackEnv } from "./stack-env.js";

/** What of a LiveKit server can be handed to the tests. */
export interface LiveKitAddress {
  url: string;
  apiKey: string;
  apiSecret: string;
}

declare module "vitest" {
  interface ProvidedContext {
    liveKit: LiveKitAddress;
  }
}

/** One LiveKit server for all tests: each test has rooms of its own in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const liveKit = await startLiveKit(stackEnv(process.env));
  const { url, apiKey, apiSecret } = liveKit;
  project.provide("liveKit", { url, apiKey, apiSecret });
  return () => liveKit.close();
}
