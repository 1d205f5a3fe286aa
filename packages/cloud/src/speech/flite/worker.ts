/** The thread in which flite speaks, one piece after another. */
import { parentPort, workerData } from "node:worker_threads";
import { type Piece, readyFlite, speak } from "./flite.js";
import type { WasmModule } from "./webassembly.js";

/** What the thread answers each piece with. */
export type PieceAnswer = { readonly pcm: Uint8Array<ArrayBuffer> } | { readonly error: string };

const module = workerData as WasmModule;
let next = readyFlite(module);

parentPort?.on("message", (piece: Piece) => {
  void answer(piece);
});

async function answer(piece: Piece): Promise<void> {
  try {
    const pcm = Uint8Array.from(speak(await next, piece));
    parentPort?.postMessage({ pcm } satisfies PieceAnswer, [pcm.buffer]);
  } catch (error) {
    parentPort?.postMessage({ error: String(error) } satisfies PieceAnswer);
  }
  next = readyFlite(module); // made while nobody waits for it
  next.catch(() => {}); // told when it is used
}
