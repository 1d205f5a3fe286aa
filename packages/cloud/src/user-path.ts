import { createHash } from "node:crypto";

const USER_PATH = /^\/u\/[0-9a-f]{64}(?=\/)/;

/**
 * A path before the usual ones, by which a proxy keeps a user's apps at the node where the user's glasses
 * are: the SHA-256 of the user, in hexadecimal. In the path, because the SDK makes other URLs of it.
 */
export function userPath(userId: string): string {
  return `/u/${createHash("sha256").update(userId).digest("hex")}`;
}

/** The usual path of a request. */
export function withoutUserPath(path: string): string {
  return path.replace(USER_PATH, "");
}
