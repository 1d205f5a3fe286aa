/** Functions that a program imports, by module and name. */
export type WasmImports = Record<string, Record<string, (...args: never[]) => unknown>>;

/** Compiled code, which threads share. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: "WebAssembly.Module";
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** The part of Node's `WebAssembly` that is used here: its types come with the browser's library only. */
export const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      compile(bytes: Uint8Array): Promise<WasmModule>;
      instantiate(module: WasmModule, imports: WasmImports): Promise<WasmInstance>;
    };
  }
).WebAssembly;
