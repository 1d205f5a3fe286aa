import type { IncomingMessage } from "node:http";

/** A header that comes once; `undefined` if it is absent. */
export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The token of `Authorization: Bearer` (RFC 6750, section 2.1). */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header(request, "authorization") ?? "")?.[1];
}
