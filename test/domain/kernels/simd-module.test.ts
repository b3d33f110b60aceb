import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SIMD_MODULE } from '#domain/kernels/simd-module.ts';
import { compileKernels, MODULE_FILE } from '#infra/kernels/compile-kernels.ts';

describe('the kernels in WebAssembly', () => {
  it('are what their source compiles to, to the byte', async () => {
    expect(readFileSync(MODULE_FILE, 'utf8')).toBe(await compileKernels());
  });

  it('ask for nothing of the world, and have memory that cannot grow', () => {
    const bytes = Uint8Array.from(atob(SIMD_MODULE), (letter) => letter.charCodeAt(0));
    const sections = sectionsOf(bytes);

    expect(sections.has(IMPORTS)).toBe(false);
    expect(sections.get(MEMORIES)).toEqual(Uint8Array.of(1, BOUNDED, PAGES, PAGES));
  });
});

const [IMPORTS, MEMORIES] = [2, 5];
const BOUNDED = 1;
const PAGES = 16;

/** The sections of a WebAssembly module by their ids, as the specification of the binary format numbers them. */
function sectionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>();
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    let size = 0;
    let shift = 0;
    do {
      size |= (bytes[at] & 0x7f) << shift;
      shift += 7;
    } while (bytes[at++] & 0x80);
    sections.set(id, bytes.slice(at, at + size));
    at += size;
  }
  return sections;
}
