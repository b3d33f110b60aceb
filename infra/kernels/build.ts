/** Compiles the kernels anew and writes them down: after a change of their source, or of the compiler. */
import { writeFileSync } from 'node:fs';
import { compileKernels, MODULES, moduleFile } from './compile-kernels.ts';

for (const module of MODULES) writeFileSync(moduleFile(module), await compileKernels(module));
