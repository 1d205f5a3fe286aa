import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { bearerToken, header } from "../headers.js";

/** Why an operator's request is not answered. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly error: string;
  readonly message: string;
}

/**
 * Decides who is an operator. With a token: who shows it. Without one: whoever is on this machine, if the
 * cloud listens on loopback only, but no page of another site that is open in a browser here, which could
 * reach the port otherwise (by its `Origin`, or by a name of its own that leads to 127.0.0.1).
 */
export class OperatorAccess {
  readonly #token: string | undefined;
  readonly #isLocal: boolean;

  /** @param host the address that the cloud listens on */
  constructor(token: string | undefined, host: string) {
    this.#token = token;
    this.#isLocal = isLoopback(host);
  }

  /** `undefined` for an operator. Sockets of browsers cannot send a header: they show `?token=`. */
  refuse(request: IncomingMessage, query?: URLSearchParams): Refusal | undefined {
    if (this.#token !== undefined) {
      const shown = bearerToken(request) ?? query?.get("token") ?? "";
      return isSame(shown, this.#token)
        ? undefined
        : { status: 401, error: "unauthorized", message: "Show the CONSOLE_TOKEN." };
    }
    if (!this.#isLocal) {
      return { status: 403, error: "console_off", message: "Set CONSOLE_TOKEN to use this from outside." };
    }
    return this.#isFromHere(request)
      ? undefined
      : { status: 403, error: "forbidden", message: "Without CONSOLE_TOKEN this is for this machine alone." };
  }

  #isFromHere(request: IncomingMessage): boolean {
    const host = header(request, "host") ?? "";
    const origin = header(request, "origin");
    const isSameSite = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
    return isSameSite && isLoopback(hostName(host));
  }
}

function hostName(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function isSame(shown: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(shown), digest(expected));
}
