import { type ApiRouteName, apiRoutes } from "@server-playback/protocol";

/** A route that a request's path names, with what stands in its variable segments. */
export interface RouteMatch {
  readonly name: ApiRouteName;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether the request has the route's method. */
  readonly hasMethod: boolean;
}

/** Which route a request is for; of several on its path, the one with its method. */
export function matchRoute(method: string, path: string): RouteMatch | undefined {
  let other: RouteMatch | undefined;
  for (const [name, { pattern, method: wanted }] of patterns) {
    const found = pattern.exec(path);
    if (found === null) {
      continue;
    }
    const match = { name, parameters: decodeAll(found.groups ?? {}), hasMethod: wanted === method };
    if (match.hasMethod) {
      return match;
    }
    other ??= match;
  }
  return other;
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
