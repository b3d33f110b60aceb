/** Starts a module of kernels from the text that carries it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What the module gives, of which the caller says what it is; the module asks for nothing. */
export function startModule<Exports>(text: string): Exports {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
}
