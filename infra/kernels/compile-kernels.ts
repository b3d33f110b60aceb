/** Kernels as the domain carries them: WebAssembly, compiled from AssemblyScript, as text in a TypeScript file. */
import { existsSync, readFileSync } from 'node:fs';
import { createMemoryStream, main } from 'assemblyscript/asc';

const FOLDER = new URL('../../layers/domain/kernels/', import.meta.url);

/** A module of kernels: `NAME-module.as`, and how much memory its callers count on, in pages of 64 KiB. */
export interface KernelModule {
  readonly name: string;
  readonly pages: number;
  /** Beyond which it does not grow. */
  readonly mostPages: number;
}

export const MODULES: readonly KernelModule[] = [
  { name: 'simd', pages: 16, mostPages: 16 },
  { name: 'strips', pages: 1, mostPages: 65_536 },
  { name: 'signatures', pages: 16, mostPages: 16 },
  { name: 'attention', pages: 32, mostPages: 32 },
  { name: 'scan', pages: 32, mostPages: 32 },
  { name: 'clusters', pages: 32, mostPages: 32 },
  { name: 'overlaps', pages: 96, mostPages: 96 },
  { name: 'reader', pages: 64, mostPages: 65_536 },
  { name: 'row-order', pages: 32, mostPages: 65_536 },
  { name: 'sparse', pages: 8, mostPages: 4_096 },
];

export function moduleFile({ name }: KernelModule): URL {
  return new URL(`${name}-module.ts`, FOLDER);
}

/** What the module's file must be. */
export async function compileKernels({ name, pages, mostPages }: KernelModule): Promise<string> {
  const sourceName = `${name}-module`;
  const options = `-O3 --noAssert --runtime stub --enable simd --initialMemory ${pages} --maximumMemory ${mostPages}`;
  const stderr = createMemoryStream();
  let compiled = '';
  const { error } = await main([sourceName, '-o', 'kernels.wasm', ...options.split(' ')], {
    stderr,
    readFile: sourceOf,
    writeFile(_, bytes) {
      compiled = Buffer.from(bytes).toString('base64');
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`expected ${sourceName}.as to compile, got:\n${stderr.toString()}`, { cause: error });
  return `/** Made from ${sourceName}.as by \`npm run build:kernels\`. */
export const ${name.replaceAll('-', '_').toUpperCase()}_MODULE =
  '${compiled}';
`;
}

/** The compiler asks for its own language's files, by the name that modules of TypeScript have. */
function sourceOf(file: string): string | null {
  const source = new URL(file.replace(/\.ts$/, '.as'), FOLDER);
  return file.endsWith('.ts') && existsSync(source) ? readFileSync(source, 'utf8') : null;
}
