import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Command, type Context, exitCodes } from "../command.js";

/** What is wrong with one side's settings. */
interface Finding {
  readonly of: "cloud" | "bridge";
  readonly mistakes: readonly string[];
}

/** Reads the settings of the cloud and the bridge, and reports every mistake. */
export const checkConfig: Command = {
  name: "check-config",
  usage: "",
  summary: "check the settings of the cloud and of the bridge in this environment",
  options: { of: { value: "SIDE", help: "cloud or bridge (both, the bridge if its binary is there)" } },
  run: async (context) => {
    const { of } = context.options;
    const findings = [
      ...(of === "bridge" ? [] : [await checkCloud(context)]),
      ...(of === "cloud" ? [] : await checkBridge(context, of === "bridge")),
    ];
    const isGood = findings.every(({ mistakes }) => mistakes.length === 0);
    context.print(findings.map(describe).join("\n"), { ok: isGood, findings });
    return isGood ? exitCodes.done : exitCodes.failed;
  },
};

async function checkCloud({ env }: Context): Promise<Finding> {
  const { ConfigError, loadConfig } = await import("@server-playback/cloud");
  try {
    loadConfig(env);
    return { of: "cloud", mistakes: [] };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { of: "cloud", mistakes: error.mistakes };
    }
    throw error;
  }
}

/** The bridge checks its settings itself. */
async function checkBridge({ env, signal }: Context, isAsked: boolean): Promise<Finding[]> {
  const built = fileURLToPath(new URL("../../../../out/bin/livekit-client-2", import.meta.url));
  const { BRIDGE_BIN } = env;
  const binary = BRIDGE_BIN || built;
  if (!existsSync(binary)) {
    const missing = `${binary} is not there: run \`make bridge\`, or name the binary in BRIDGE_BIN`;
    return isAsked ? [{ of: "bridge", mistakes: [missing] }] : [];
  }
  const child = spawn(binary, ["check-config"], { env, signal, stdio: ["ignore", "ignore", "pipe"] });
  const [said, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once("close", resolve).once("error", reject);
    }),
  ]);
  const [, ...mistakes] = said.trimEnd().split("\n"); // the first line says that there are some
  return [{ of: "bridge", mistakes: code === 0 ? [] : mistakes }];
}

function describe({ of, mistakes }: Finding): string {
  return mistakes.length === 0
    ? `${of}: good`
    : `${of}: ${mistakes.length} mistake(s)\n${mistakes.map((mistake) => `  - ${mistake}`).join("\n")}`;
}
