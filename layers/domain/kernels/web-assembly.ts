/** Starts modules of kernels from the texts that carry them. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What the module gives, of which the caller says what it is; the module asks for nothing. */
export function startModule<Exports>(text: string): Exports {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
}

interface WithMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** One memory, as numbers of each kind; it never grows. */
export interface MemoryViews {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  readonly singles: Float32Array;
  readonly doubles: Float64Array;
}

/** A module that is started when it is first asked for: a thread of its own has its own. */
export function startedOnce<Exports extends WithMemory>(text: string): () => Exports & MemoryViews {
  let started: (Exports & MemoryViews) | undefined;
  return () => {
    started ??= withViews(startModule<Exports>(text));
    return started;
  };
}

function withViews<Exports extends WithMemory>(exports: Exports): Exports & MemoryViews {
  const { buffer } = exports.memory;
  return {
    ...exports,
    bytes: new Uint8Array(buffer),
    halves: new Uint16Array(buffer),
    words: new Uint32Array(buffer),
    singles: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
