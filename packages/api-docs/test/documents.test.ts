import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Validator } from "@seriousme/openapi-schema-validator";
import { inRepository } from "@server-playback/simulator";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { asyncApi } from "../src/asyncapi.js";
import { wireDocuments } from "../src/documents.js";
import { bridgeMetrics, cloudMetrics } from "../src/live-metrics.js";
import { bridgeSettings, cloudSettings } from "../src/live-settings.js";
import { metricsPage, readMetrics } from "../src/metrics-page.js";
import { openApi } from "../src/openapi.js";
import { settingsPage } from "../src/settings-page.js";

const require = createRequire(import.meta.url);
const stale = (path: string) => `${path} is not what the code says: run "make docs"`;

it.each(Object.entries(wireDocuments()))("OPS-20 %s is what the schemas say", async (path, text) => {
  expect(await readFile(inRepository(path), "utf8"), stale(path)).toBe(text);
});

it("OPS-21 the OpenAPI document is valid by OpenAPI's own schema", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(openApi()));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

it("OPS-21 the AsyncAPI document is valid by AsyncAPI's own schema", () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const validate = ajv.compile(require("@asyncapi/specs/schemas/3.0.0-without-$id.json"));
  expect(validate(asyncApi()), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
});

it("OPS-20 docs/metrics.md is what a cloud and a bridge tell", async () => {
  const path = "docs/metrics.md";
  const page = metricsPage(await cloudMetrics(), await bridgeMetrics());
  expect(await readFile(inRepository(path), "utf8"), stale(path)).toBe(page);
});

it("OPS-20 docs/configuration.md is what a cloud and a bridge read", async () => {
  const path = "docs/configuration.md";
  const bridge = await bridgeSettings();
  expect(bridge.length).toBeGreaterThan(30);
  const page = settingsPage(cloudSettings(), bridge);
  expect(await readFile(inRepository(path), "utf8"), stale(path)).toBe(page);
});

it("OPS-10 no metric has a label that grows with users, rooms, requests or URLs", async () => {
  const rows = [...readMetrics(await cloudMetrics()), ...readMetrics(await bridgeMetrics())];
  expect(rows.length).toBeGreaterThan(40);
  const allowed = ["code", "wire", "error", "action", "result", "step", "outcome", "quantile", "version"];
  for (const { name, labels, help } of rows) {
    expect(help, name).not.toBe("");
    for (const label of labels) {
      expect(allowed, `${name}{${label}}`).toContain(label);
    }
  }
});
