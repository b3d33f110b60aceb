import { describe, expect, it } from 'vitest';
import { simd } from '#domain/kernels/simd.ts';

describe('the kernels', () => {
  it('are started once, with one mebibyte in which both precisions lie', () => {
    const { singles, doubles, memory } = simd();

    expect(simd()).toBe(simd());
    expect([singles.buffer, doubles.buffer]).toEqual([memory.buffer, memory.buffer]);
    expect(memory.buffer.byteLength).toBe(2 ** 20);
  });
});
