/** Kernels as the domain carries them: WebAssembly, compiled from AssemblyScript, as text in a TypeScript file. */
import { readFileSync } from 'node:fs';
import { createMemoryStream, main } from 'assemblyscript/asc';

const FOLDER = new URL('../../layers/domain/kernels/', import.meta.url);
const SOURCE = 'simd-module.as';
/** Of 64 KiB each: what the callers of the kernels divide. */
const MEMORY_PAGES = 16;
const OPTIONS = `-O3 --noAssert --runtime stub --enable simd --initialMemory ${MEMORY_PAGES} --maximumMemory ${MEMORY_PAGES}`;

export const MODULE_FILE = new URL('simd-module.ts', FOLDER);

/** What `simd-module.ts` must be. */
export async function compileKernels(): Promise<string> {
  const source = readFileSync(new URL(SOURCE, FOLDER), 'utf8');
  const stderr = createMemoryStream();
  let compiled = '';
  const { error } = await main(['kernels.ts', '-o', 'kernels.wasm', ...OPTIONS.split(' ')], {
    stderr,
    readFile: (name) => (name === 'kernels.ts' ? source : null),
    writeFile(_, bytes) {
      compiled = Buffer.from(bytes).toString('base64');
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`expected ${SOURCE} to compile, got:\n${stderr.toString()}`, { cause: error });
  return `/** Made from ${SOURCE} by \`npm run build:kernels\`. */
export const SIMD_MODULE =
  '${compiled}';
`;
}
