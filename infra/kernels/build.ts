/** Compiles the kernels anew and writes them down: after a change of their source, or of the compiler. */
import { writeFileSync } from 'node:fs';
import { compileKernels, MODULE_FILE } from './compile-kernels.ts';

writeFileSync(MODULE_FILE, await compileKernels());
