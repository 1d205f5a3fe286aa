import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { inRepository, type StackEnv } from "../stack/env.js";
import { ManagedProcess, probeHttp } from "../stack/ManagedProcess.js";
import { HOST } from "../stack/ports.js";
import type { Running } from "./Member.js";

/** Programs of the system that the topology needs beside its own: the first that is there, of each. */
const programs = { redis: ["valkey-server", "redis-server"], haproxy: ["haproxy"] } as const;

/** Names of the programs that are missing, as Debian's packages are called. */
export function missingPrograms(): string[] {
  return Object.values(programs).flatMap((names) => (find(names) === undefined ? [names.at(-1) ?? ""] : []));
}

/** A Redis or Valkey that keeps its data in a folder: a LiveKit node finds a room's other node by it. */
export async function startRedis({ logDir }: StackEnv, port: number, folder: string): Promise<Running> {
  return await ManagedProcess.start({
    name: "redis",
    command: find(programs.redis) ?? "redis-server",
    args: ["--port", String(port), "--bind", HOST, "--dir", folder, "--save", "", "--appendonly", "yes"],
    logDir,
    ready: () => ping(port),
  });
}

/** What the proxy's configuration names, each as host:port. */
export interface ProxyAddresses extends Record<string, string> {
  readonly CLOUD_BIND: string;
}

/** The proxy, with the configuration that is deployed. */
export async function startProxy({ logDir }: StackEnv, addresses: ProxyAddresses): Promise<Running> {
  return await ManagedProcess.start({
    name: "haproxy",
    command: "haproxy",
    args: ["-db", "-f", inRepository("deploy", "haproxy.cfg")],
    env: { ...addresses },
    logDir,
    ready: () => probeHttp(`http://${addresses.CLOUD_BIND}/healthz`),
  });
}

function find(names: readonly string[]): string | undefined {
  return names.find((name) => spawnSync(name, ["-v"], { stdio: "ignore" }).error === undefined);
}

function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => socket.write("PING\r\n"));
    socket.setTimeout(1_000, () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      data.includes("PONG") ? resolve() : reject(new Error("not yet"));
    });
  });
}
