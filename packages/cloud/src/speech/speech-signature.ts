import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** How long a signed URL is served, in ms: a play request may wait for a while before it is carried out. */
const SIGNATURE_TTL_MS = 10 * 60_000;

/** What a signature covers: all that decides what is said. */
const signed = ["text", "voice_id", "model_id", "voice_settings"] as const;

/**
 * Lets a URL of `/api/tts` be fetched without credentials, for a while: glasses get it in a play request
 * and have none to send. Only this server's instances, which share a secret, can sign.
 */
export class SpeechSigner {
  readonly #key: Buffer;
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(secret: string, now: () => number = Date.now) {
    this.#key = Buffer.from(hkdfSync("sha256", secret, "", "server-playback /api/tts", 32));
    this.#now = now;
  }

  /** The URL with `exp` (seconds since the epoch) and `sig`, at `origin` if that is its host's. */
  sign(url: string, origin: URL): string {
    const to = new URL(url);
    if (to.host === origin.host) {
      to.protocol = origin.protocol; // the SDK always says https
    }
    const expires = String(Math.ceil((this.#now() + SIGNATURE_TTL_MS) / 1000));
    to.searchParams.set("exp", expires);
    to.searchParams.set("sig", this.#signature(to.searchParams, expires).toString("base64url"));
    return to.href;
  }

  /** Whether the query is one that was signed not long ago. */
  verify(query: URLSearchParams): boolean {
    const expires = query.get("exp") ?? "";
    const given = Buffer.from(query.get("sig") ?? "", "base64url");
    const right = this.#signature(query, expires);
    const isFresh = /^\d{1,12}$/.test(expires) && Number(expires) * 1000 >= this.#now();
    return isFresh && given.length === right.length && timingSafeEqual(given, right);
  }

  #signature(query: URLSearchParams, expires: string): Buffer {
    const said = JSON.stringify([expires, ...signed.map((name) => query.getAll(name))]);
    return createHmac("sha256", this.#key).update(said).digest();
  }
}
