import type { ErrorCode } from "@server-playback/protocol";

/**
 * Why a call on a {@link BridgeClient} failed. Stable: programs branch on it.
 * - `connect_failed`: no bridge answered at the URL
 * - `unauthorized`: the bridge refused the secret
 * - `timeout`: no answer within the call's bound
 * - `aborted`: the caller's signal fired
 * - `closed`: the connection is gone
 * - `invalid_command`: the command does not match the protocol; nothing was sent
 * - `overflow`: too much waits to be sent; nothing was sent
 * - `refused`: the bridge answered with an `error` event, named in `bridgeError`
 */
export type BridgeClientErrorCode =
  | "connect_failed"
  | "unauthorized"
  | "timeout"
  | "aborted"
  | "closed"
  | "invalid_command"
  | "overflow"
  | "refused";

/** The only error that this package throws. Its text never holds a secret, a token or a query string. */
export class BridgeClientError extends Error {
  override readonly name = "BridgeClientError";

  constructor(
    readonly code: BridgeClientErrorCode,
    message: string,
    readonly bridgeError?: ErrorCode,
  ) {
    super(message);
  }
}
