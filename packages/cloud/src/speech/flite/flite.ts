import { WasiHost } from "./WasiHost.js";
import { type WasmInstance, type WasmModule, wasm } from "./webassembly.js";

/** What flite is asked to say in one go. */
export interface Piece {
  readonly text: string;
  readonly voice: string;
  /** Times the voice's own speed. */
  readonly speed: number;
}

/** The voices of the module that say any text, at {@link FLITE_RATE}. */
export const fliteVoices: readonly string[] = ["slt", "rms", "awb", "kal16"];
/** Samples a second of every voice that is offered, in Hz. */
export const FLITE_RATE = 16_000;
/** RIFF header as flite writes it, in bytes. */
const HEADER_BYTES = 44;
/** Below this is silence, in steps of 16 bits (-46 dBFS): flite begins each piece with 200 ms of it. */
const SILENCE = 160;
/** What is left of the silence before a piece, in samples (20 ms). */
const LEAD = FLITE_RATE / 50;

/** An instance of flite that has not run yet. */
export interface ReadyFlite {
  readonly host: WasiHost;
  readonly instance: WasmInstance;
}

/** Makes an instance. flite is a program that runs once, so each piece needs one of its own. */
export async function readyFlite(module: WasmModule): Promise<ReadyFlite> {
  const host = new WasiHost();
  return { host, instance: await wasm.instantiate(module, host.imports) };
}

/** Speaks a piece; returns s16le samples, mono at {@link FLITE_RATE}. Takes up the thread meanwhile. */
export function speak({ host, instance }: ReadyFlite, { text, voice, speed }: Piece): Uint8Array {
  const stretch = `duration_stretch=${1 / speed}`;
  const code = host.run(instance, ["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", "/out"]);
  const wav = host.written;
  if (code !== 0 || wav.length <= HEADER_BYTES || wav.readUInt32LE(24) !== FLITE_RATE) {
    throw new Error(`flite ended with ${code} and ${wav.length} bytes.`);
  }
  return withoutLead(wav.subarray(HEADER_BYTES));
}

/** The samples from shortly before the first sound on, in memory of their own. */
function withoutLead(pcm: Buffer): Uint8Array {
  let first = 0;
  while (2 * first < pcm.length && Math.abs(pcm.readInt16LE(2 * first)) < SILENCE) {
    first++;
  }
  return Uint8Array.from(pcm.subarray(2 * Math.max(0, first - LEAD)));
}
