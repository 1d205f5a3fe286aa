import { defineConfig } from "vitest/config";

/**
 * End to end: a real LiveKit server, the real bridge, the real SDK. The files run one after another,
 * because they measure time.
 */
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["./tests/harness/livekit.global.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
