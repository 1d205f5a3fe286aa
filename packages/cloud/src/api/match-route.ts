import { type ApiRouteName, apiRoutes } from "@server-playback/protocol";

/** A route that a request names, with what stands in its variable segments. */
export interface RouteMatch {
  readonly name: ApiRouteName;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Which route a request is for; `"method"` if its path has one with another method. */
export function matchRoute(method: string, path: string): RouteMatch | "method" | undefined {
  let isOther = false;
  for (const [name, { pattern, method: wanted }] of patterns) {
    const found = pattern.exec(path);
    if (found !== null && wanted === method) {
      return { name, parameters: decodeAll(found.groups ?? {}) };
    }
    isOther ||= found !== null;
  }
  return isOther ? "method" : undefined;
}

const patterns = (Object.keys(apiRoutes) as ApiRouteName[]).map((name) => {
  const { path, method } = apiRoutes[name];
  const source = path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return [name, { method, pattern: new RegExp(`^${source}$`) }] as const;
});

function decodeAll(segments: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(segments).map(([name, segment]) => [name, decode(segment)]));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
