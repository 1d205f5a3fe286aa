import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { Closers } from "../closers.js";
import type { RoomListener } from "../room/RoomListener.js";
import type { SimulatedGlasses } from "../SimulatedGlasses.js";
import { Stack } from "../Stack.js";
import type { CloudProcess } from "../stack/cloud.js";
import { inRepository } from "../stack/env.js";
import { roomToken } from "../stack/livekit.js";
import type { DemoStep } from "./plan.js";

const USER = "demo@example.com";
/** How long a primary play waits for glasses that are not in the room, in ms. */
const LISTENER_WAIT_MS = 1_000;
const flagsFile = inRepository("out", "demo-flags.json");

/** Who takes part in the demo. */
export interface Scene {
  readonly stack: Stack;
  readonly userId: string;
  readonly glasses: SimulatedGlasses;
  /** The glasses' own ears. */
  readonly ears: RoomListener;
  /** Somebody else who hears the room, also when the glasses are not in it. */
  readonly witness: RoomListener;
}

/** Starts everything; the closers own it. */
export async function setScene(closers: Closers): Promise<Scene> {
  writeFlags("shadow");
  const env = {
    LISTENER_WAIT_MS: String(LISTENER_WAIT_MS),
    ...process.env,
    PLAYBACK_FLAGS_FILE: flagsFile,
  };
  const stack = closers.own(await Stack.start({ env }));
  const glasses = closers.own(await stack.glasses(USER));
  const { tap, liveKit } = stack.parts;
  const { url, roomName } = glasses.room;
  const ears = await glasses.listen(tap);
  const witness = await tap.listen({
    url,
    token: await roomToken(liveKit, roomName, "witness", "subscribe"),
  });
  await stack.startApp(USER);
  return { stack, userId: USER, glasses, ears, witness };
}

/** Has the user's next sounds played in another mode, as an operator does: nothing is started anew. */
export async function setMode(mode: DemoStep["mode"], cloud: CloudProcess): Promise<void> {
  const reads = () => cloud.log.filter(({ msg }) => msg === "playback flags read").length;
  const before = reads();
  writeFlags(mode);
  await cloud.waitForLog("the playback flags", () => reads() > before || undefined);
}

/** Written beside and moved into place, so that no half of it is read. */
function writeFlags(mode: DemoStep["mode"]): void {
  mkdirSync(inRepository("out"), { recursive: true });
  writeFileSync(`${flagsFile}.new`, JSON.stringify({ users: { [USER]: mode } }));
  renameSync(`${flagsFile}.new`, flagsFile);
}
