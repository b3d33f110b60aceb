import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startedOnce, startModule } from '#domain/kernels/web-assembly.ts';
import { compileKernels, MODULES, moduleFile } from '#infra/kernels/compile-kernels.ts';

describe.for(MODULES)('the kernels in WebAssembly: $name', (module) => {
  it('are what their source compiles to, to the byte', async () => {
    expect(readFileSync(moduleFile(module), 'utf8')).toBe(await compileKernels(module));
  });

  it('ask for nothing of the world, and their memory is bounded', () => {
    const text = textOf(module);
    const sections = sectionsOf(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
    const { memory } = startModule<{ memory: { buffer: ArrayBuffer } }>(text);

    expect(sections.has(IMPORTS)).toBe(false);
    expect(numbersOf(sections.get(MEMORIES))).toEqual([1, BOUNDED, module.pages, module.mostPages]);
    expect(memory.buffer.byteLength).toBe(module.pages * 2 ** 16);
  });
});

it('is started once, with all views on one memory, and apart from who starts it as well', () => {
  const [own, other] = [startedOnce(textOf(MODULES[0])), startedOnce(textOf(MODULES[0]))];

  const { memory, bytes, halves, words, singles, doubles } = own();

  expect(own()).toBe(own());
  expect(other().memory).not.toBe(memory);
  for (const view of [bytes, halves, words, singles, doubles]) expect(view.buffer).toBe(memory.buffer);
});

const [IMPORTS, MEMORIES] = [2, 5];
const BOUNDED = 1;

function textOf(module: (typeof MODULES)[number]): string {
  return /'(.*)'/.exec(readFileSync(moduleFile(module), 'utf8'))?.[1] ?? '';
}

/** The sections of a WebAssembly module by their ids, as the specification of the binary format numbers them. */
function sectionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>();
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    const { value, end } = numberAt(bytes, at);
    sections.set(id, bytes.slice(end, end + value));
    at = end + value;
  }
  return sections;
}

function numbersOf(bytes: Uint8Array = new Uint8Array(0)): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = numberAt(bytes, at);
    numbers.push(value);
    at = end;
  }
  return numbers;
}

/** LEB128, unsigned. */
function numberAt(bytes: Uint8Array, start: number): { value: number; end: number } {
  let [value, end] = [0, start];
  do value |= (bytes[end] & 0x7f) << (7 * (end - start));
  while (bytes[end++] & 0x80);
  return { value, end };
}
