import { defineConfig } from "vite";

/** The cloud serves the page at `/console/`; nothing of it comes from another host. */
export default defineConfig({
  base: "/console/",
  build: {
    target: "es2022",
    // The LiveKit client is large and is fetched when somebody listens, not before.
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
