import { describe, expect, it } from "vitest";
import { runCommandLine } from "../src/cli.js";
import { assess } from "../src/readiness/assess.js";
import { readSamples } from "../src/readiness/metrics-text.js";
import { bar, clock, table } from "../src/text.js";

const nowhere = { CLOUD_URL: "http://127.0.0.1:9", LIVEKIT_GO_BRIDGE_URL: "ws://127.0.0.1:9/ws" };
const liveKit = {
  LIVEKIT_URL: "ws://127.0.0.1:9",
  LIVEKIT_API_KEY: "devkey",
  LIVEKIT_API_SECRET: "a-secret-that-is-never-printed-32",
};

/** Runs a command line, and gives its exit code and what it printed. */
async function run(args: string[], env: Record<string, string> = {}): Promise<[number, string, string]> {
  let [out, err] = ["", ""];
  const code = await runCommandLine(args, {
    env: { ...nowhere, ...env },
    signal: new AbortController().signal,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    status: () => {},
  });
  return [code, out, err];
}

describe("OPS-30 the command line", () => {
  it("lists what there is, and tells its version", async () => {
    const [code, out] = await run(["--help"]);
    expect(code).toBe(0);
    for (const name of ["play", "say", "stop", "jobs", "tail", "check-config", "doctor", "readiness"]) {
      expect(out).toContain(`\n  ${name} `);
      const [ofCommand, help] = await run([name, "--help"]);
      expect([ofCommand, help]).toEqual([0, expect.stringContaining(`server-playback ${name}`)]);
      expect(help).toContain("--json");
    }
    expect(await run(["--version"])).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/), ""]);
  });

  it.each<[string, string[], RegExp]>([
    ["no command", [], /Usage:/],
    ["an unknown command", ["dance"], /There is no command dance/],
    ["an unknown option", ["jobs", "--colour"], /--colour/],
    ["no URL", ["play", "--room", "r"], /Give one URL/],
    ["no http URL", ["play", "file:///etc/passwd", "--room", "r"], /not an http\(s\) URL/],
    ["no room", ["play", "http://x.example/a.mp3"], /--room is missing/],
    ["a volume out of range", ["play", "http://x.example/a.mp3", "--room", "r", "--volume", "2"], /--volume/],
    ["two things to stop", ["stop", "--user", "u", "--job", "j"], /either --user or --job/],
    ["a cloud that is no URL", ["jobs", "--cloud", "localhost"], /--cloud/],
    ["a bridge that is no URL", ["doctor", "--bridge", "http://x"], /^$/],
  ])("answers %s with what is wrong", async (_what, args, wanted) => {
    const [code, , err] = await run(args, liveKit);
    expect(code).toBe(args[0] === "doctor" ? 1 : 2);
    expect(err).toMatch(wanted);
  });

  it("names the settings that are missing", async () => {
    const [code, , err] = await run(["play", "http://x.example/a.mp3", "--room", "r"]);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET"),
    ]);
    const unreadable = { CONSOLE_TOKEN_FILE: "/nonexistent/token" };
    expect(await run(["jobs"], unreadable)).toEqual([2, "", expect.stringContaining("CONSOLE_TOKEN_FILE")]);
  });

  it("says who cannot be reached, in text and in JSON, without a secret", async () => {
    expect(await run(["jobs"])).toEqual([
      1,
      "",
      expect.stringMatching(/^cloud_unreachable: .*127\.0\.0\.1:9/),
    ]);
    const [code, out, err] = await run(["play", "http://x.example/a.mp3", "--room", "r", "--json"], liveKit);
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toMatchObject({ error: "bridge_connect_failed" });
    const doctor = await run(["doctor"], liveKit);
    expect(doctor[0]).toBe(1);
    expect(doctor.join("")).not.toContain(liveKit.LIVEKIT_API_SECRET);
  });

  it("checks the cloud's settings, and reports every mistake", async () => {
    const [code, out] = await run(["check-config", "--of", "cloud", "--json"], {
      CLOUD_PORT: "x",
      JOBS_MAX: "0",
    });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ of: "cloud" }] });
    expect(out).toMatch(/CLOUD_PORT: is not a number/);
    expect(out).toMatch(/JOBS_MAX: is less than 1/);
  });
});

describe("OPS-32 readiness", () => {
  /** Metrics of a cloud after so many plays. */
  function metrics({ completed = 2000, failed = 2, missing = 1, errors = 1, same = 0.96, prompt = 0.99 }) {
    return `# HELP server_playback_started_total Plays.
server_playback_started_total ${completed + failed}
server_playback_completed_total ${completed}
server_playback_failed_total ${failed}
server_playback_cancelled_total 10
server_playback_bridge_error_total ${errors}
cloud_plays_failed_by_code_total{code="http_status"} ${missing}
cloud_plays_failed_by_code_total{code="room_lost"} ${failed - missing}
cloud_duration_difference_ms_bucket{le="-250"} 0
cloud_duration_difference_ms_bucket{le="250"} ${Math.round(completed * same)}
cloud_duration_difference_ms_count ${completed}
server_playback_first_frame_latency_ms_bucket{le="400"} ${Math.round(completed * prompt)}
server_playback_first_frame_latency_ms_count ${completed}
`;
  }

  const failing = (text: string) => assess(text).flatMap(({ name, holds }) => (holds ? [] : [name]));

  it("holds when every threshold does", () => {
    expect(failing(metrics({}))).toEqual([]);
  });

  it.each<[string, Parameters<typeof metrics>[0]]>([
    ["plays that ended", { completed: 500, failed: 0 }],
    ["share failed by the server's fault", { failed: 40 }],
    ["share within 250 ms of the glasses' length", { same: 0.94 }],
    ["share begun within 400 ms", { prompt: 0.9 }],
    ["bridge errors a play", { errors: 30 }],
  ])("does not hold for: %s", (name, change) => {
    expect(failing(metrics(change))).toEqual([name]);
  });

  it("does not count sounds that are missing", () => {
    expect(failing(metrics({ failed: 40, missing: 38 }))).toEqual([]);
  });

  it("holds nothing before anything was measured", () => {
    expect(failing("")).toHaveLength(5);
  });
});

it("metrics are read as they are written", () => {
  const text = '# TYPE a counter\na 1\nb{x="y z",le="+Inf"} 2.5\nc NaN\n\n';
  expect([...readSamples(text)]).toEqual([
    ["a", 1],
    ['b{x="y z",le="+Inf"}', 2.5],
    ["c", Number.NaN],
  ]);
});

it("times, bars and tables are read at a glance", () => {
  expect([clock(0), clock(65_340), clock(3_600_000)]).toEqual(["0:00.0", "1:05.3", "60:00.0"]);
  expect([bar(0, 4), bar(0.5, 4), bar(2, 4)]).toEqual(["[    ]", "[##  ]", "[####]"]);
  expect(
    table([
      ["a", "bb"],
      ["ccc", "d"],
    ]),
  ).toBe("a    bb\nccc  d");
});
