import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What the parts of a system are started with. */
export interface StackEnv {
  /** Settings by name: paths of the binaries, ports, and whatever the parts read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Take the usual ports (and say so when one is in use) instead of free ones. */
  readonly usualPorts: boolean;
  /** Where each process writes its log. */
  readonly logDir: string;
}

/** The repository: where `samples/` and `out/` are. */
const repositoryRoot = fileURLToPath(new URL("../../../../", import.meta.url));

/** Path of a file or folder of the repository. */
export function inRepository(...parts: string[]): string {
  return path.join(repositoryRoot, ...parts);
}

/** Where each binary is built by `make`, unless its variable says another place. */
const built = {
  LIVEKIT_SERVER_BIN: undefined,
  BRIDGE_BIN: "livekit-client-2",
  ROOM_TAP_BIN: "room-tap",
} as const;

/**
 * Path of a binary.
 * @throws {Error} it is not there; the message says what to do
 */
export function binary(name: keyof typeof built, env: StackEnv["env"]): string {
  const usual = built[name];
  const found = env[name] || (usual === undefined ? undefined : inRepository("out", "bin", usual));
  if (found === undefined || !existsSync(found)) {
    throw new Error(
      `${name}: ${found ?? "not set"}: run "make build", or name the binary's path in ${name}.`,
    );
  }
  return found;
}
