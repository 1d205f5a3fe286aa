// `make docs`: writes every document that is made from the code.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { inRepository } from "@server-playback/simulator";
import { wireDocuments } from "./documents.js";
import { bridgeMetrics, cloudMetrics } from "./live-metrics.js";
import { bridgeSettings, cloudSettings } from "./live-settings.js";
import { metricsPage } from "./metrics-page.js";
import { settingsPage } from "./settings-page.js";

const documents = {
  ...wireDocuments(),
  "docs/metrics.md": metricsPage(await cloudMetrics(), await bridgeMetrics()),
  "docs/configuration.md": settingsPage(cloudSettings(), await bridgeSettings()),
};
for (const [path, text] of Object.entries(documents)) {
  const file = inRepository(...path.split("/"));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${path}\n`);
}
