import { jwtVerify } from "jose";
import { z } from "zod";
import type { Apps } from "./apps.js";

/** What an app proved, or is about to: that it is this package, for this user. */
export interface AppClaim {
  readonly packageName: string;
  readonly userId: string;
}

/** Credentials as checked: what they prove, or why they were refused. */
export type Verdict<T> =
  | { readonly ok: true; readonly claim: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

const GlassesClaims = z.object({ email: z.string().min(1).max(256) });

const AppClaims = z.object({
  packageName: z.string(),
  /** The platform's tokens hold the key, the SDK's `createToken` holds user and session instead. */
  apiKey: z.string().optional(),
  userId: z.string().optional(),
  sessionId: z.string().optional(),
});

/** The glasses' token: a JWT (RFC 7519), HS256, whose `email` is the user. */
export async function verifyGlasses(
  token: string | undefined,
  secret: string,
): Promise<Verdict<{ userId: string }>> {
  if (token === undefined) {
    return refuse("missing_token", "A token is needed: Authorization: Bearer, or ?token=.");
  }
  const claims = await verified(token, secret, GlassesClaims);
  return claims === undefined
    ? refuse("invalid_token", "The token is not valid, has expired, or names no user in `email`.")
    : { ok: true, claim: { userId: claims.email } };
}

/** An app's key, and that the session it names is one of its own package. */
export function verifyAppKey(
  apps: Apps,
  init: { packageName: string; sessionId: string; apiKey: string },
): Verdict<AppClaim> {
  if (!apps.hasKey(init.packageName, init.apiKey)) {
    return refuse("invalid_api_key", "The package is not known here, or the key is not its key.");
  }
  const userId = userOf(init.sessionId, init.packageName);
  return userId === undefined
    ? refuse("session_mismatch", "The sessionId is not of the form <userId>-<packageName>.")
    : { ok: true, claim: { packageName: init.packageName, userId } };
}

/** An app's JWT (HS256), with the user and the session in the headers beside it. */
export async function verifyAppToken(
  apps: Apps,
  secret: string | undefined,
  { token, userId, sessionId }: { token: string; userId: string | undefined; sessionId: string | undefined },
): Promise<Verdict<AppClaim>> {
  if (secret === undefined) {
    return refuse("tokens_off", "Tokens are not taken here: send tpa_connection_init with the key.");
  }
  const claims = await verified(token, secret, AppClaims);
  if (claims === undefined || apps.get(claims.packageName) === undefined) {
    return refuse("invalid_token", "The token is not valid, has expired, or its package is not known here.");
  }
  if (claims.apiKey !== undefined && !apps.hasKey(claims.packageName, claims.apiKey)) {
    return refuse("invalid_api_key", "The token's key is not the package's key.");
  }
  const user = userOf(sessionId ?? "", claims.packageName);
  const agrees =
    user !== undefined &&
    user === userId &&
    (claims.userId ?? user) === user &&
    (claims.sessionId ?? sessionId) === sessionId;
  return agrees
    ? { ok: true, claim: { packageName: claims.packageName, userId: user } }
    : refuse("session_mismatch", "x-user-id, x-session-id and the token do not name the same session.");
}

async function verified<T>(token: string, secret: string, claims: z.ZodType<T>): Promise<T | undefined> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] });
    return claims.safeParse(payload).data;
  } catch {
    return undefined;
  }
}

function userOf(sessionId: string, packageName: string): string | undefined {
  const end = `-${packageName}`;
  const isOfPackage = sessionId.endsWith(end) && sessionId.length > end.length;
  return isOfPackage ? sessionId.slice(0, -end.length) : undefined;
}

function refuse(code: string, message: string): { ok: false; code: string; message: string } {
  return { ok: false, code, message };
}
