/** Compiles the kernels anew and writes them down: after a change of their source, or of the compiler. */
import { writeFileSync } from 'node:fs';
import { compileProductKernel, PRODUCT_FILE } from './compile-kernel.ts';

writeFileSync(PRODUCT_FILE, await compileProductKernel());
