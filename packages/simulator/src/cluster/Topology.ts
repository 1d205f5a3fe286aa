import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Closable, Closers, startOrClose } from "../closers.js";
import { RoomTap } from "../room/RoomTap.js";
import { SampleApp } from "../SampleApp.js";
import { type Bridge, startBridge } from "../stack/bridge.js";
import { CloudProcess } from "../stack/cloud.js";
import { binary, inRepository, type StackEnv } from "../stack/env.js";
import { startLiveKitNode } from "../stack/livekit.js";
import { choosePort, HOST } from "../stack/ports.js";
import { SampleServer } from "../stack/SampleServer.js";
import { Member } from "./Member.js";
import { type ProxyAddresses, startProxy, startRedis } from "./programs.js";

const PACKAGE = "com.example.cluster";
/** How long a bridge may play on when it is asked to end, in ms: longer than the sounds. */
const DRAIN_MS = 8_000;
const LEASE_GRACE_MS = 3_000;

/** How many of each there are at first; one more of bridge and cloud can be added. */
const COUNTS = { livekit: 2, bridge: 3, cloud: 2 } as const;

/**
 * Every process of a deployment on loopback: Redis, LiveKit nodes that it joins, bridges, and clouds
 * behind a proxy; with an app on the real SDK, sounds, and ears.
 */
export class Topology implements Closable {
  readonly #closers = new Closers();
  readonly #stack: StackEnv = {
    env: process.env,
    usualPorts: false,
    logDir: inRepository("out", "logs", "cluster"),
  };
  readonly #secrets = {
    glasses: randomBytes(32).toString("hex"),
    liveKit: randomBytes(24).toString("hex"),
    bridge: randomBytes(16).toString("hex"),
    app: randomBytes(24).toString("base64url"),
  };
  #ports: Record<string, number> = {};
  redis!: Member;
  proxy!: Member;
  liveKits: Member[] = [];
  bridges: Member<Bridge>[] = [];
  clouds: Member<CloudProcess>[] = [];
  app!: SampleApp;
  samples!: SampleServer;
  tap!: RoomTap;

  private constructor() {}

  static async start(): Promise<Topology> {
    const topology = new Topology();
    return await startOrClose(topology.#closers, async () => {
      await topology.#start();
      return topology;
    });
  }

  /** The cloud as everybody reaches it. */
  get url(): string {
    return `http://${this.#at("proxy-cloud")}`;
  }

  /** Starts a bridge and a cloud that the others have in their lists and have not met. */
  async grow(): Promise<void> {
    const [bridge, cloud] = [this.#bridge(COUNTS.bridge + 1), this.#cloud(COUNTS.cloud + 1)];
    this.bridges.push(bridge);
    this.clouds.push(cloud);
    await Promise.all([bridge.start(), cloud.start()]);
  }

  glassesToken(userId: string): Promise<string> {
    const [cloud] = this.clouds.filter(({ isRunning }) => isRunning);
    return (cloud as Member<CloudProcess>).running.glassesToken(userId);
  }

  /** Starts the app for a user, as the user's phone does. */
  async startApp(userId: string): Promise<void> {
    const response = await fetch(`${this.url}/apps/${PACKAGE}/start`, {
      method: "POST",
      headers: { authorization: `Bearer ${await this.glassesToken(userId)}` },
    });
    if (!response.ok) {
      throw new Error(`The app was not started: ${response.status} ${await response.text()}`);
    }
    await this.app.session(userId);
  }

  close(): Promise<void> {
    return this.#closers.close();
  }

  async #start(): Promise<void> {
    const names = [
      ...["redis", "proxy-cloud", "proxy-livekit", "app"],
      ...numbered("livekit", COUNTS.livekit),
      ...numbered("bridge", COUNTS.bridge + 1),
      ...numbered("cloud", COUNTS.cloud + 1),
    ];
    for (const name of names) {
      this.#ports[name] = await choosePort("CLOUD_PORT", {}, false);
    }
    this.tap = this.#closers.own(new RoomTap(binary("ROOM_TAP_BIN", process.env)));
    this.samples = this.#closers.own(await SampleServer.start(inRepository("samples")));
    const data = await mkdtemp(path.join(tmpdir(), "cluster-redis-"));
    this.#closers.own({ close: () => rm(data, { recursive: true, force: true }) });
    this.redis = await this.#run(
      new Member("redis", () => startRedis(this.#stack, this.#port("redis"), data)),
    );
    this.liveKits = numbered("livekit", COUNTS.livekit).map((name) => this.#liveKit(name));
    this.bridges = numbered("bridge", COUNTS.bridge).map((_, i) => this.#bridge(i + 1));
    this.clouds = numbered("cloud", COUNTS.cloud).map((_, i) => this.#cloud(i + 1));
    await Promise.all([...this.liveKits, ...this.bridges].map((member) => member.start()));
    await Promise.all(this.clouds.map((member) => member.start()));
    this.proxy = await this.#run(new Member("haproxy", () => startProxy(this.#stack, this.#addresses())));
    this.app = this.#closers.own(
      await SampleApp.start({
        packageName: PACKAGE,
        apiKey: this.#secrets.app,
        port: this.#port("app"),
        logDir: this.#stack.logDir,
      }),
    );
  }

  async #run<T extends Member>(member: T): Promise<T> {
    await this.#closers.own(member).start();
    return member;
  }

  #liveKit(name: string): Member {
    return this.#closers.own(
      new Member(name, () =>
        startLiveKitNode(this.#with({ LIVEKIT_PORT: String(this.#port(name)) }), {
          apiSecret: this.#secrets.liveKit,
          redis: this.#at("redis"),
          name,
        }),
      ),
    );
  }

  #bridge(number: number): Member<Bridge> {
    const name = `bridge${number}`;
    const env = {
      BRIDGE_PORT: String(this.#port(name)),
      BRIDGE_SHARED_SECRET: this.#secrets.bridge,
      DRAIN_TIMEOUT_MS: String(DRAIN_MS),
    };
    const liveKitUrl = `ws://${this.#at("proxy-livekit")}`;
    return this.#closers.own(new Member(name, () => startBridge(this.#with(env), liveKitUrl, name)));
  }

  #cloud(number: number): Member<CloudProcess> {
    const name = `cloud${number}`;
    const env = {
      CLOUD_PORT: String(this.#port(name)),
      PUBLIC_URL: this.url,
      REDIS_URL: `redis://${this.#at("redis")}`,
      LEASE_GRACE_MS: String(LEASE_GRACE_MS),
      BRIDGE_SHARED_SECRET: this.#secrets.bridge,
      BRIDGE_COOLDOWN_MS: "0",
    };
    const webhookUrl = `http://${this.#at("app")}/webhook`;
    return this.#closers.own(
      new Member(name, () =>
        CloudProcess.start(this.#with(env), {
          liveKit: {
            url: `ws://${this.#at("proxy-livekit")}`,
            apiKey: "devkey",
            apiSecret: this.#secrets.liveKit,
            close: () => Promise.resolve(),
          },
          bridgeUrl: numbered("bridge", COUNTS.bridge + 1)
            .map((bridge) => `ws://${this.#at(bridge)}/ws`)
            .join(","),
          apps: [{ packageName: PACKAGE, apiKey: this.#secrets.app, webhookUrl }],
          glassesTokenSecret: this.#secrets.glasses,
          name,
        }),
      ),
    );
  }

  /** What the proxy's configuration names. */
  #addresses(): ProxyAddresses {
    return {
      CLOUD_BIND: this.#at("proxy-cloud"),
      LIVEKIT_BIND: this.#at("proxy-livekit"),
      ...Object.fromEntries(
        ["cloud1", "cloud2", "cloud3", "livekit1", "livekit2"].map((name) => [
          name.replace(/(\d)$/, "_$1").toUpperCase(),
          this.#at(name),
        ]),
      ),
    };
  }

  #with(env: Record<string, string>): StackEnv {
    return { ...this.#stack, env: { ...binaries(), ...env } };
  }

  #port(name: string): number {
    const port = this.#ports[name];
    if (port === undefined) {
      throw new Error(`${name} has no port.`);
    }
    return port;
  }

  #at(name: string): string {
    return `${HOST}:${this.#port(name)}`;
  }
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i + 1}`);
}

/** Where the binaries are; no other setting of the caller reaches the topology. */
function binaries(): Record<string, string | undefined> {
  const names = ["LIVEKIT_SERVER_BIN", "BRIDGE_BIN", "ROOM_TAP_BIN"];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
