#!/usr/bin/env node
/**
 * The `akin` command. Stripping types and compiling take two thirds of a start, so what they give is kept beside the
 * packages: a folder that only who installed akin can write, unlike the system's temporary one.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/akin', import.meta.url)));
await import('./process.ts');
