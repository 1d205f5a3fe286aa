import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/**
 * An app that may connect. Keys are kept as SHA-256: they are random (see `new-key`), so a slow
 * password hash would add nothing but load when thousands of apps reconnect at once.
 */
const AppSchema = z.object({
  packageName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/, "is not a package name"),
  webhookUrl: z.url({ protocol: /^https?$/, error: "is not an http(s) URL" }),
  apiKeyHash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hex digits; make it with `hash-key`'),
});
export type App = Readonly<z.infer<typeof AppSchema>>;

/** The content of `APPS_FILE`: a JSON array of apps, each package once. */
export const AppsSchema = z.array(AppSchema).superRefine((apps, context) => {
  const seen = new Set<string>();
  apps.forEach(({ packageName }, index) => {
    if (seen.has(packageName)) {
      context.addIssue({ code: "custom", path: [index, "packageName"], message: "appears twice" });
    }
    seen.add(packageName);
  });
});

/** The form of an app's key that `APPS_FILE` holds. */
export function hashApiKey(apiKey: string): string {
  return `sha256:${createHash("sha256").update(apiKey).digest("hex")}`;
}

/** The apps that may connect, by package. */
export class Apps {
  readonly #byPackage: ReadonlyMap<string, App>;

  constructor(apps: readonly App[]) {
    this.#byPackage = new Map(apps.map((app) => [app.packageName, app]));
  }

  get(packageName: string): App | undefined {
    return this.#byPackage.get(packageName);
  }

  /** Whether the key is this package's; takes as long for an unknown package as for a wrong key. */
  hasKey(packageName: string, apiKey: string): boolean {
    const expected = this.#byPackage.get(packageName)?.apiKeyHash ?? hashApiKey("");
    const same = timingSafeEqual(Buffer.from(hashApiKey(apiKey)), Buffer.from(expected));
    return same && this.#byPackage.has(packageName);
  }
}
