import { randomBytes } from "node:crypto";
import { AccessToken } from "livekit-server-sdk";
import type { Closable } from "../closers.js";
import type { StackEnv } from "./env.js";
import { binary } from "./env.js";
import { ManagedProcess, probeHttp } from "./ManagedProcess.js";
import { choosePort, HOST } from "./ports.js";

/** How long the server may take to listen, in ms: some seconds on a loaded machine. */
const READY_TIMEOUT_MS = 30_000;
/** Life of a test token, in seconds. */
const TOKEN_TTL_S = 3_600;

/** A LiveKit server: started here, or one that runs elsewhere. */
export interface LiveKit extends Closable {
  readonly url: string;
  readonly apiKey: string;
  readonly apiSecret: string;
}

/** The server that `LIVEKIT_URL` names, or one of our own on loopback. */
export async function startLiveKit(options: StackEnv): Promise<LiveKit> {
  const { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = options.env;
  if (url === undefined || url === "") {
    return await startOwn(options);
  }
  if (!apiKey || !apiSecret) {
    throw new Error("LIVEKIT_URL is set: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET too.");
  }
  return { url, apiKey, apiSecret, close: () => Promise.resolve() };
}

function startOwn(stack: StackEnv): Promise<LiveKit> {
  return startLiveKitNode(stack, { apiSecret: randomBytes(24).toString("hex") });
}

/** A server of our own: alone, or one of the nodes that a Redis (host:port) joins. */
export async function startLiveKitNode(
  { env, usualPorts, logDir }: StackEnv,
  { apiSecret, redis, name = "livekit-server" }: { apiSecret: string; redis?: string; name?: string },
): Promise<LiveKit & { kill(): Promise<void> }> {
  const port = await choosePort("LIVEKIT_PORT", env, usualPorts);
  const tcp = await choosePort("LIVEKIT_RTC_TCP_PORT", env, usualPorts);
  const udp = await choosePort("LIVEKIT_RTC_UDP_PORT", env, usualPorts);
  const apiKey = "devkey";
  const server = await ManagedProcess.start({
    name,
    command: binary("LIVEKIT_SERVER_BIN", env),
    env: { LIVEKIT_CONFIG: config({ port, tcp, udp, apiKey, apiSecret, redis }) },
    logDir,
    ready: () => probeHttp(`http://${HOST}:${port}/`),
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  const [kill, close] = [() => server.kill(), () => server.close()];
  return { url: `ws://${HOST}:${port}`, apiKey, apiSecret, kill, close };
}

interface ServerSettings {
  port: number;
  tcp: number;
  udp: number;
  apiKey: string;
  apiSecret: string;
  redis: string | undefined;
}

/** Media over loopback alone; JSON is YAML. */
function config({ port, tcp, udp, apiKey, apiSecret, redis }: ServerSettings): string {
  return JSON.stringify({
    port,
    bind_addresses: [HOST],
    rtc: {
      tcp_port: tcp,
      udp_port: udp,
      use_external_ip: false,
      enable_loopback_candidate: true,
      node_ip: HOST,
      stun_servers: [`${HOST}:3478`], // none is asked; without one the server asks the Internet
      interfaces: { includes: ["lo"] },
      ips: { includes: [`${HOST}/32`] },
    },
    keys: { [apiKey]: apiSecret },
    ...(redis === undefined ? {} : { redis: { address: redis } }),
    logging: { level: "warn" },
  });
}

/** What a token allows. */
export type Grant = "publish" | "subscribe" | "both";

/** A token for a room, as an operator of the bridge alone would make it. */
export function roomToken(
  { apiKey, apiSecret }: Pick<LiveKit, "apiKey" | "apiSecret">,
  room: string,
  identity: string,
  grant: Grant,
): Promise<string> {
  const token = new AccessToken(apiKey, apiSecret, { identity, ttl: TOKEN_TTL_S });
  token.addGrant({
    room,
    roomJoin: true,
    canPublish: grant !== "subscribe",
    canSubscribe: grant !== "publish",
  });
  return token.toJwt();
}
