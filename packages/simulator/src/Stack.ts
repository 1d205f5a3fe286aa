import { randomBytes } from "node:crypto";
import { type Closable, Closers, startOrClose } from "./closers.js";
import { RoomTap } from "./room/RoomTap.js";
import { SampleApp } from "./SampleApp.js";
import { SimulatedGlasses } from "./SimulatedGlasses.js";
import { type Bridge, startBridge } from "./stack/bridge.js";
import { type AppCredentials, CloudProcess } from "./stack/cloud.js";
import { binary, inRepository, type StackEnv } from "./stack/env.js";
import { type LiveKit, startLiveKit } from "./stack/livekit.js";
import { choosePort, HOST } from "./stack/ports.js";
import { SampleServer } from "./stack/SampleServer.js";

export interface StackOptions extends Partial<StackEnv> {
  /** Packages of the sample apps. Default: one. */
  packages?: readonly string[];
  /** How many bridges to start. Default: one. */
  bridges?: number;
  /** Start no bridge, and tell the cloud of this one instead. */
  bridgeUrl?: string;
}

/** The parts of a running system. */
interface Parts {
  readonly liveKit: LiveKit;
  /** In the order in which the cloud knows them. */
  readonly bridges: readonly Bridge[];
  readonly cloud: CloudProcess;
  readonly samples: SampleServer;
  readonly tap: RoomTap;
  readonly apps: readonly SampleApp[];
}

export const DEMO_PACKAGE = "com.example.demo";

/** Every part of the system on loopback, each in a process of its own, with what listens to it. */
export class Stack implements Closable {
  readonly #closers: Closers;

  private constructor(
    closers: Closers,
    readonly parts: Parts,
  ) {
    this.#closers = closers;
  }

  /** Starts everything and waits until it serves. What was started is ended if one part fails. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const closers = new Closers();
    return await startOrClose(closers, async () => new Stack(closers, await startParts(closers, options)));
  }

  /** The sample app; with several, the first. */
  get app(): SampleApp {
    const [app] = this.parts.apps;
    if (app === undefined) {
      throw new Error("This stack has no app.");
    }
    return app;
  }

  /** A user's glasses, connected. The caller closes them. */
  async glasses(userId: string): Promise<SimulatedGlasses> {
    const { cloud } = this.parts;
    return await SimulatedGlasses.connect({ url: cloud.url, token: await cloud.glassesToken(userId) });
  }

  /** Starts the app for a user whose glasses are connected. */
  async startApp(userId: string, app = this.app): Promise<void> {
    await this.parts.cloud.app("start", app.packageName, userId);
    await app.session(userId);
  }

  /** Ends every process. */
  close(): Promise<void> {
    return this.#closers.close();
  }
}

async function startParts(closers: Closers, options: StackOptions): Promise<Parts> {
  const env: StackEnv = {
    env: options.env ?? process.env,
    usualPorts: options.usualPorts ?? false,
    logDir: options.logDir ?? inRepository("out", "logs"),
  };
  const credentials = await appCredentials(options.packages ?? [DEMO_PACKAGE], env);
  const liveKit = closers.own(await startLiveKit(env));
  const tap = closers.own(new RoomTap(binary("ROOM_TAP_BIN", env.env)));
  const bridges = options.bridgeUrl === undefined ? await startBridges(closers, env, liveKit, options) : [];
  const samplesPort = await choosePort("SAMPLES_PORT", env.env, env.usualPorts);
  const samples = closers.own(await SampleServer.start(inRepository("samples"), samplesPort));
  const cloud = closers.own(
    await CloudProcess.start(env, {
      liveKit,
      bridgeUrl: options.bridgeUrl ?? bridges.map(({ wsUrl }) => wsUrl).join(","),
      apps: credentials,
      glassesTokenSecret: randomBytes(32).toString("hex"),
    }),
  );
  const apps: SampleApp[] = [];
  for (const { packageName, apiKey, webhookUrl } of credentials) {
    const port = Number(new URL(webhookUrl).port);
    apps.push(closers.own(await SampleApp.start({ packageName, apiKey, port, logDir: env.logDir })));
  }
  return { liveKit, bridges, cloud, samples, tap, apps };
}

/** The first bridge takes `BRIDGE_PORT`, further ones free ports. */
async function startBridges(
  closers: Closers,
  stack: StackEnv,
  liveKit: LiveKit,
  { bridges: count = 1 }: StackOptions,
): Promise<Bridge[]> {
  const bridges: Bridge[] = [];
  while (bridges.length < count) {
    const isFirst = bridges.length === 0;
    const env = isFirst
      ? stack
      : { ...stack, env: { ...stack.env, BRIDGE_PORT: undefined }, usualPorts: false };
    const name = isFirst ? "bridge" : `bridge-${bridges.length + 1}`;
    bridges.push(closers.own(await startBridge(env, liveKit.url, name)));
  }
  return bridges;
}

/** The first app takes `APP_PORT`, further ones free ports. */
async function appCredentials(packages: readonly string[], env: StackEnv): Promise<AppCredentials[]> {
  const credentials: AppCredentials[] = [];
  for (const packageName of packages) {
    const isFirst = credentials.length === 0;
    const port = await choosePort("APP_PORT", isFirst ? env.env : {}, isFirst && env.usualPorts);
    const apiKey = randomBytes(24).toString("base64url");
    credentials.push({ packageName, apiKey, webhookUrl: `http://${HOST}:${port}/webhook` });
  }
  return credentials;
}
