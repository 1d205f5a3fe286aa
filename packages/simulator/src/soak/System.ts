import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { sine } from "../audio/synth.js";
import { writeWav } from "../audio/wav.js";
import { type Closable, Closers, startOrClose } from "../closers.js";
import { Member } from "../cluster/Member.js";
import { RoomTap } from "../room/RoomTap.js";
import { SampleApp } from "../SampleApp.js";
import { type Bridge, startBridge } from "../stack/bridge.js";
import { CloudProcess } from "../stack/cloud.js";
import { binary, inRepository, type StackEnv } from "../stack/env.js";
import { startLiveKitNode } from "../stack/livekit.js";
import { choosePort, HOST } from "../stack/ports.js";
import { SampleServer } from "../stack/SampleServer.js";
import { TcpProxy } from "../stack/TcpProxy.js";
import type { Ledger } from "./Ledger.js";

/** One app plays in the room alone, the other on the glasses, with the room as the shadow. */
const modes = { "com.example.radio": "primary", "com.example.chess": "shadow" } as const;
/** How long a user who left is remembered, in ms: longer than the SDK takes to come back. */
const SESSION_GRACE_MS = 10_000;
const RATE = 48_000;

/** The sounds, in seconds: one that is heard whole, one that is always stopped. */
export const sounds = { "short.wav": 0.8, "long.wav": 6 } as const;

/** A LiveKit server, two bridges and a cloud, with a place to cut between each two, and two apps. */
export class System implements Closable {
  readonly #closers = new Closers();
  readonly #secrets = { glasses: randomBytes(32).toString("hex"), liveKit: randomBytes(24).toString("hex") };
  readonly #env: StackEnv;
  readonly #ledger: Ledger;
  liveKit!: Member;
  bridges: Member<Bridge>[] = [];
  /** Between the cloud and each bridge. */
  bridgeLinks: TcpProxy[] = [];
  /** Between apps and the cloud. */
  appLinks!: TcpProxy;
  cloud!: CloudProcess;
  apps: SampleApp[] = [];
  samples!: SampleServer;
  tap!: RoomTap;

  private constructor(name: string, ledger: Ledger) {
    this.#ledger = ledger;
    const { LIVEKIT_SERVER_BIN, BRIDGE_BIN, ROOM_TAP_BIN } = process.env;
    const env = { LIVEKIT_SERVER_BIN, BRIDGE_BIN, ROOM_TAP_BIN };
    this.#env = { env, usualPorts: false, logDir: inRepository("out", "logs", name) };
  }

  static async start(name: string, ledger: Ledger): Promise<System> {
    const system = new System(name, ledger);
    return await startOrClose(system.#closers, async () => {
      await system.#start();
      return system;
    });
  }

  close(): Promise<void> {
    return this.#closers.close();
  }

  async #start(): Promise<void> {
    this.tap = this.#closers.own(new RoomTap(binary("ROOM_TAP_BIN", this.#env.env)));
    this.samples = this.#closers.own(await SampleServer.start(inRepository("samples")));
    for (const [name, seconds] of Object.entries(sounds)) {
      this.samples.serve(name, writeWav({ sampleRate: RATE, channels: [sine(440, seconds, RATE, 0.25)] }));
    }
    const liveKitUrl = await this.#startLiveKit();
    for (const name of ["bridge1", "bridge2"]) {
      await this.#startBridge(name, liveKitUrl);
    }
    await this.#startCloudAndApps(liveKitUrl);
  }

  async #startLiveKit(): Promise<string> {
    const ports = { LIVEKIT_PORT: await freePort(), LIVEKIT_RTC_TCP_PORT: await freePort() };
    const start = () => startLiveKitNode(this.#with(ports), { apiSecret: this.#secrets.liveKit });
    this.liveKit = this.#closers.own(new Member("the LiveKit server", start));
    await this.liveKit.start();
    return `ws://${HOST}:${ports.LIVEKIT_PORT}`;
  }

  async #startBridge(name: string, liveKitUrl: string): Promise<void> {
    const env = this.#with({ BRIDGE_PORT: await freePort(), DRAIN_TIMEOUT_MS: "2000" });
    const bridge = this.#closers.own(new Member(name, () => startBridge(env, liveKitUrl, name)));
    await bridge.start();
    this.bridges.push(bridge);
    this.bridgeLinks.push(this.#closers.own(await TcpProxy.start(bridge.running.url)));
  }

  async #startCloudAndApps(liveKitUrl: string): Promise<void> {
    const port = await freePort();
    this.appLinks = this.#closers.own(await TcpProxy.start(`http://${HOST}:${port}`));
    const credentials = await Promise.all(Object.keys(modes).map(credentialsOf));
    const { glasses: glassesTokenSecret, liveKit: apiSecret } = this.#secrets;
    const env = this.#with({
      CLOUD_PORT: port,
      PUBLIC_URL: `http://${this.appLinks.host}`,
      SESSION_GRACE_MS: String(SESSION_GRACE_MS),
      BRIDGE_COOLDOWN_MS: "0",
      PLAYBACK_FLAGS_FILE: writeFlags(this.#env.logDir),
    });
    this.cloud = this.#closers.own(
      await CloudProcess.start(env, {
        liveKit: { url: liveKitUrl, apiKey: "devkey", apiSecret, close: () => Promise.resolve() },
        bridgeUrl: this.bridgeLinks.map(({ host }) => `ws://${host}/ws`).join(","),
        apps: credentials,
        glassesTokenSecret,
        onLine: (line) => this.#ledger.line(line),
      }),
    );
    for (const { packageName, apiKey, webhookUrl } of credentials) {
      const onAnswer = (requestId: string) => this.#ledger.answer(packageName, requestId);
      const at = { port: Number(new URL(webhookUrl).port), logDir: this.#env.logDir };
      this.apps.push(this.#closers.own(await SampleApp.start({ packageName, apiKey, ...at, onAnswer })));
    }
  }

  #with(settings: Record<string, string>): StackEnv {
    return { ...this.#env, env: { ...this.#env.env, ...settings } };
  }
}

async function freePort(): Promise<string> {
  return String(await choosePort("CLOUD_PORT", {}, false));
}

async function credentialsOf(packageName: string) {
  const apiKey = randomBytes(24).toString("base64url");
  return { packageName, apiKey, webhookUrl: `http://${HOST}:${await freePort()}/webhook` };
}

function writeFlags(folder: string): string {
  const file = `${folder}/flags.json`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ apps: modes }));
  return file;
}
