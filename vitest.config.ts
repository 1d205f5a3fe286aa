import { defineConfig } from "vitest/config";

/** Unit and package tests; the end-to-end tests have a configuration of their own in tests/. */
export default defineConfig({
  test: { include: ["packages/*/test/**/*.test.ts"], testTimeout: 20_000, hookTimeout: 30_000 },
});
