import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { Closers, choosePort, inRepository, poll, Stack, Waiters } from "@server-playback/simulator";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { z } from "zod";
import { type Outcome, Wearer } from "./harness/LineUnderTest.js";
import { stackEnv } from "./harness/stack-env.js";

const hasPrometheus = ["prometheus", "promtool"].every(
  (name) => spawnSync(name, ["--version"]).error === undefined,
);

const ValueSchema = z.object({ stringValue: z.string().optional(), intValue: z.unknown().optional() });
const SpanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.coerce.number(),
  endTimeUnixNano: z.coerce.number(),
  attributes: z.array(z.object({ key: z.string(), value: ValueSchema })).default([]),
  status: z.object({ code: z.number().optional() }).optional(),
});
type Span = z.infer<typeof SpanSchema>;
const ExportSchema = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(SpanSchema) })) })),
});

/** Takes traces as a collector does: OTLP over HTTP, in JSON. */
class Collector {
  readonly spans: Span[] = [];
  readonly #waiters = new Waiters();
  readonly #server = createServer((request, response) => {
    void this.#take(request).then(() =>
      response.writeHead(200, { "content-type": "application/json" }).end("{}"),
    );
  });

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with the spans of this request once there are as many as wanted. */
  trace(requestId: string, count: number): Promise<Span[]> {
    return this.#waiters.until(`${count} spans of ${requestId}`, () => {
      const root = this.spans.find(
        (span) => span.name === "play" && text(span, "playback.request_id") === requestId,
      );
      const spans = this.spans.filter(({ traceId }) => traceId === root?.traceId);
      return spans.length >= count ? spans : undefined;
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage): Promise<void> {
    const { resourceSpans } = ExportSchema.parse(await json(request));
    this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
    this.#waiters.check();
  }
}

function text(span: Span, key: string): string | undefined {
  return span.attributes.find((attribute) => attribute.key === key)?.value.stringValue;
}

const folder = mkdtempSync(join(tmpdir(), "observability-"));
const closers = new Closers();
let collector: Collector;
let stack: Stack;
let wearer: Wearer;
let played: Outcome;

beforeAll(async () => {
  const { url, apiKey, apiSecret } = inject("liveKit");
  collector = closers.own(new Collector());
  stack = closers.own(
    await Stack.start(
      stackEnv(
        {
          LIVEKIT_URL: url,
          LIVEKIT_API_KEY: apiKey,
          LIVEKIT_API_SECRET: apiSecret,
          LOG_HASH_USERS: "true",
          LOG_LEVEL: "debug",
          OTEL_EXPORTER_OTLP_ENDPOINT: await collector.listen(),
          OTEL_BSP_SCHEDULE_DELAY: "100",
        },
        "observability",
      ),
    ),
  );
  wearer = await Wearer.arrive(stack, closers);
  played = await wearer.play({ audioUrl: stack.parts.samples.url("chime.wav") });
});

afterAll(async () => {
  await closers.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("OPS-11 one grep", () => {
  const LineSchema = z.looseObject({
    msg: z.string().optional(),
    user: z.string().optional(),
    room: z.string().optional(),
  });

  function linesOf(log: string): z.infer<typeof LineSchema>[] {
    const lines = readFileSync(inRepository("out", "logs", "observability", `${log}.log`), "utf8").split(
      "\n",
    );
    return lines
      .filter((line) => line.includes(played.requestId))
      .map((line) => LineSchema.parse(JSON.parse(line)));
  }

  it("for a requestId tells a play's story on both sides, with its user and room", async () => {
    await poll("the last lines of the logs", async () => {
      for (const log of ["cloud", "bridge"]) {
        expect(linesOf(log).map(({ msg }) => msg)).toContain("play ended"); // files are written a little later
      }
    });
    const [cloud, bridge] = [linesOf("cloud"), linesOf("bridge")];
    const messages = (lines: typeof cloud) => lines.map(({ msg }) => msg);
    expect(messages(cloud)).toEqual(expect.arrayContaining(["play requested", "play started", "play ended"]));
    expect(messages(bridge)).toEqual(expect.arrayContaining(["play started", "play ended"]));
    const { roomName } = wearer.glasses.room;
    expect(new Set([...cloud, ...bridge].map(({ room }) => room))).toEqual(new Set([roomName]));
    const users = new Set([...cloud, ...bridge].map(({ user }) => user));
    expect([...users]).toEqual([expect.stringMatching(/^u-/)]);
  });

  it("OPS-12 never finds a user's name where users are hashed", () => {
    const log = readFileSync(inRepository("out", "logs", "observability", "cloud.log"), "utf8");
    expect(log).not.toContain(wearer.userId);
    expect(log).toMatch(/"user":"u-[\w-]{16}"/);
  });
});

describe("OPS-13 a trace", () => {
  it("goes from the cloud's play to the steps of the bridge", async () => {
    const spans = await collector.trace(played.requestId, 5);
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect([...byName.keys()].sort()).toEqual(["bridge play", "decode", "fetch", "join", "play"]);
    const [cloud, bridge] = [byName.get("play"), byName.get("bridge play")];
    expect(cloud?.parentSpanId ?? "").toBe("");
    expect(bridge?.parentSpanId).toBe(cloud?.spanId);
    for (const step of ["join", "fetch", "decode"]) {
      const span = byName.get(step);
      expect(span?.parentSpanId, step).toBe(bridge?.spanId);
      expect(span?.startTimeUnixNano, step).toBeGreaterThanOrEqual(bridge?.startTimeUnixNano ?? Infinity);
      expect(span?.endTimeUnixNano, step).toBeLessThanOrEqual(bridge?.endTimeUnixNano ?? 0);
    }
    expect(JSON.stringify(spans)).not.toContain(wearer.userId);
  });

  it("tells a failure", async () => {
    const failed = await wearer.play({ audioUrl: stack.parts.samples.url("missing.mp3") });
    const spans = await collector.trace(failed.requestId, 2);
    expect(spans.map(({ status }) => status?.code)).toEqual([2, 2]); // STATUS_CODE_ERROR
  });
});

describe.skipIf(!hasPrometheus)("OPS-14 a real Prometheus (skipped where none is installed)", () => {
  let prometheus: ChildProcess | undefined;
  let url: string;

  beforeAll(async () => {
    const port = await choosePort("CLOUD_PORT", {}, false);
    const target = (of: string) => [{ targets: [new URL(of).host] }];
    const config = {
      global: { scrape_interval: "500ms" },
      rule_files: [inRepository("deploy", "prometheus", "alerts.yaml")],
      scrape_configs: [
        { job_name: "cloud", static_configs: target(stack.parts.cloud.url) },
        { job_name: "bridge", static_configs: target(stack.parts.bridges[0]?.url ?? "") },
      ],
    };
    const file = join(folder, "prometheus.yaml");
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML
    const listen = `127.0.0.1:${port}`;
    const data = `--storage.tsdb.path=${join(folder, "data")}`;
    prometheus = spawn("prometheus", [`--config.file=${file}`, `--web.listen-address=${listen}`, data], {
      stdio: "ignore",
    });
    url = `http://${listen}`;
    await poll("prometheus", async () => {
      const { data: up } = await query("sum(up) == 2 and sum(server_playback_started_total) > 0");
      expect(up.result).toHaveLength(1);
    });
  });

  afterAll(async () => {
    if (prometheus !== undefined) {
      prometheus.kill("SIGTERM");
      await once(prometheus, "exit");
    }
  });

  const AnswerSchema = z.object({
    status: z.literal("success"),
    data: z.object({ result: z.array(z.unknown()) }),
  });

  async function query(expression: string): Promise<z.infer<typeof AnswerSchema>> {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
    return AnswerSchema.parse(await response.json());
  }

  it("scrapes both sides, and loads the rules", async () => {
    const response = await fetch(`${url}/api/v1/rules`);
    const { data } = z
      .object({
        data: z.object({
          groups: z.array(z.object({ rules: z.array(z.looseObject({ health: z.string() })) })),
        }),
      })
      .parse(await response.json());
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(8);
    expect(rules.filter(({ health }) => health === "err")).toEqual([]);
  });

  it("OPS-15 answers every query of the dashboard", async () => {
    const dashboard = z
      .object({ panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })) })
      .parse(JSON.parse(readFileSync(inRepository("deploy", "grafana", "dashboard.json"), "utf8")));
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(30);
    for (const expression of expressions) {
      await query(expression.replaceAll("$__rate_interval", "5m"));
    }
  });

  it("OPS-16 the alert rules fire on what they are for, and are quiet else (promtool)", async () => {
    const run = promisify(execFile);
    const rules = inRepository("deploy", "prometheus");
    await run("promtool", ["check", "rules", join(rules, "alerts.yaml")]);
    await run("promtool", ["test", "rules", join(rules, "alerts.test.yaml")]);
  });
});

it("OPS-15 every metric of the alert rules and the dashboard is one that there is", () => {
  const known = readFileSync(inRepository("docs", "metrics.md"), "utf8");
  const used = ["deploy/prometheus/alerts.yaml", "deploy/grafana/dashboard.json"].flatMap((path) =>
    readFileSync(inRepository(...path.split("/")), "utf8").match(
      /\b(?:server_playback|cloud|bridge)_[a-z_]+/g,
    ),
  );
  const names = new Set(used.map((name) => name?.replace(/_(?:bucket|count|sum)$/, "") ?? ""));
  expect(names.size).toBeGreaterThan(20);
  expect([...names].filter((name) => !known.includes(`\`${name}\``))).toEqual([]);
});
