import { WebSocket } from "ws";
import { BridgeClientError } from "./errors.js";

/** Largest frame taken from a bridge, in bytes: events are small, forwarded PCM is not. */
const MAX_FRAME_BYTES = 1024 * 1024;

/** Opens the socket, or fails within `timeoutMs` with the reason and without a trace. */
export function openSocket(
  url: string,
  secret: string | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<WebSocket> {
  if (signal?.aborted) {
    return Promise.reject(new BridgeClientError("aborted", "The caller gave the call up."));
  }
  return new Promise((resolve, reject) => {
    const socket = create(url, secret, timeoutMs);
    const end = (settle: () => void) => {
      signal?.removeEventListener("abort", abort);
      socket.removeAllListeners();
      settle();
    };
    const fail = (error: BridgeClientError) =>
      end(() => {
        socket.on("error", () => {}); // terminating a socket that is still connecting is an error to it
        socket.terminate();
        reject(error);
      });
    const abort = () => fail(new BridgeClientError("aborted", "The caller gave the call up."));
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("open", () => {
      socket.pause(); // events may come in the same read: hold them until somebody listens
      end(() => resolve(socket));
    });
    socket.once("error", (error) => fail(describe(url, error)));
    socket.once("unexpected-response", (_request, response) => fail(refused(url, response.statusCode ?? 0)));
  });
}

/** The URL that takes a session up. It holds the session's key: it is not to be logged. */
export function resumeUrl(url: string, { sessionId, after }: { sessionId: string; after: number }): string {
  const query = new URLSearchParams({ session: sessionId, after: String(after) });
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

function create(url: string, secret: string | undefined, timeoutMs: number): WebSocket {
  const headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
  try {
    return new WebSocket(url, {
      headers,
      handshakeTimeout: timeoutMs,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
  } catch {
    throw new BridgeClientError("connect_failed", "The bridge's URL is not a ws: or wss: URL.");
  }
}

function describe(url: string, error: Error & { code?: string }): BridgeClientError {
  const why = error.code ?? error.message;
  return new BridgeClientError("connect_failed", `No bridge at ${withoutSecrets(url)}: ${why}.`);
}

function refused(url: string, status: number): BridgeClientError {
  return status === 401 || status === 403
    ? new BridgeClientError("unauthorized", `The bridge at ${withoutSecrets(url)} refused the secret.`)
    : new BridgeClientError("connect_failed", `${withoutSecrets(url)} answered with status ${status}.`);
}

function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
