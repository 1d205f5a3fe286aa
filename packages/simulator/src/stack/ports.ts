import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** The ports of a whole system, by the variables that set them, with the defaults of `make dev`. */
const defaults = {
  LIVEKIT_PORT: 7880,
  LIVEKIT_RTC_TCP_PORT: 7881,
  LIVEKIT_RTC_UDP_PORT: 7882,
  BRIDGE_PORT: 8080,
  CLOUD_PORT: 8002,
  APP_PORT: 7010,
  SAMPLES_PORT: 8090,
} as const;

export type PortName = keyof typeof defaults;

/** A port that is taken or is none; the message says which variable changes it. */
export class PortError extends Error {
  override readonly name = "PortError";
}

/** Everything listens here and nowhere else. */
export const HOST = "127.0.0.1";

/**
 * The port of one part: as the environment says, else its usual one, else (`usual: false`) a free one.
 * @throws {PortError} the port is in use, or the variable holds no port
 */
export async function choosePort(
  name: PortName,
  env: Readonly<Record<string, string | undefined>>,
  usual: boolean,
): Promise<number> {
  const listen = name === "LIVEKIT_RTC_UDP_PORT" ? listenUdp : listenTcp;
  const wanted = env[name] === undefined || env[name] === "" ? undefined : readPort(name, env[name]);
  const port = wanted ?? (usual ? defaults[name] : 0);
  try {
    return await listen(port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new PortError(
      code === "EADDRINUSE"
        ? `Port ${port} is in use: end what uses it, or set ${name} to another port.`
        : `Port ${port} cannot be used (${code}): set ${name} to another port.`,
    );
  }
}

function readPort(name: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PortError(`${name}: "${text}" is not a port (0 to 65535).`);
  }
  return port;
}

async function listenTcp(port: number): Promise<number> {
  const server = createServer().listen(port, HOST);
  await once(server, "listening");
  const { port: found } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return found;
}

async function listenUdp(port: number): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(port, HOST);
  await once(socket, "listening");
  const { port: found } = socket.address();
  socket.close();
  await once(socket, "close");
  return found;
}
