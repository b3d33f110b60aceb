/** Kernels as the domain carries them: WebAssembly, compiled from AssemblyScript, as text in a TypeScript file. */
import { readFileSync } from 'node:fs';
import { createMemoryStream, main } from 'assemblyscript/asc';

const FOLDER = new URL('../../layers/domain/kernels/', import.meta.url);
const SOURCE = 'product-module.as';
/** Of 64 KiB each: what product-kernel.ts divides among the tiles. */
const MEMORY_PAGES = 16;
const OPTIONS = `-O3 --noAssert --runtime stub --enable simd --initialMemory ${MEMORY_PAGES} --maximumMemory ${MEMORY_PAGES}`;

export const PRODUCT_FILE = new URL('product-module.ts', FOLDER);

/** What `product-module.ts` must be. */
export async function compileProductKernel(): Promise<string> {
  const source = readFileSync(new URL(SOURCE, FOLDER), 'utf8');
  const stderr = createMemoryStream();
  let compiled = '';
  const { error } = await main(['kernel.ts', '-o', 'kernel.wasm', ...OPTIONS.split(' ')], {
    stderr,
    readFile: (name) => (name === 'kernel.ts' ? source : null),
    writeFile(_, bytes) {
      compiled = Buffer.from(bytes).toString('base64');
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`expected ${SOURCE} to compile, got:\n${stderr.toString()}`, { cause: error });
  return `/** Made from ${SOURCE} by \`npm run build:kernels\`. */
export const PRODUCT_MODULE =
  '${compiled}';
`;
}
