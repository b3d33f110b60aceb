import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { plainGramProduct, plainRowProducts, type ValuedRows } from '#domain/kernels/plain-sparse-product.ts';
import { gramProduct, rowMultiplier } from '#domain/kernels/sparse-product.ts';
import { seededRandom } from '#domain/random.ts';

const shapes = fc.record({
  rows: fc.nat(40),
  F: fc.integer({ min: 1, max: 60 }),
  D: fc.integer({ min: 1, max: 70 }),
  seed: fc.nat(999),
});

describe('products of sparse rows by the kernel', () => {
  test.prop([shapes])('have the bits of the plain ones', ({ rows: N, F, D, seed }) => {
    const { rows, table } = anyProduct(N, F, D, seed);

    expect(gramProduct(rows, table, D)).toEqual(plainGramProduct(rows, table, D));
    expect(rowMultiplier(table, F, D)(rows)).toEqual(plainRowProducts(rows, table, D));
  });

  it('are the same where rows take several blocks', () => {
    const { rows, table } = anyProduct(2_500, 300, 17, 1);

    expect(gramProduct(rows, table, 17)).toEqual(plainGramProduct(rows, table, 17));
    expect(rowMultiplier(table, 300, 17)(rows)).toEqual(plainRowProducts(rows, table, 17));
  });

  it('are one table for many blocks, which leave nothing behind', () => {
    const { rows, table } = anyProduct(30, 20, 5, 2);
    const multiply = rowMultiplier(table, 20, 5);
    const first = multiply(rows);

    multiply(anyProduct(50, 20, 5, 3).rows);

    expect(multiply(rows)).toEqual(first);
  });

  it('refuse a row that no block holds', () => {
    const F = 70_000;
    const offsets = Uint32Array.of(0, F);
    const rows = { columnCount: F, offsets, columns: new Uint32Array(F), values: new Float64Array(F) };

    expect(() => gramProduct(rows, new Float64Array(F), 1)).toThrow('expected rows of at most 65536 entries');
  });
});

function anyProduct(N: number, F: number, D: number, seed: number): { rows: ValuedRows; table: Float64Array } {
  const random = seededRandom(seed);
  const entries = Array.from({ length: N }, () => Array.from({ length: F }, (_, f) => f).filter(() => random() < 0.2));
  const offsets = new Uint32Array(N + 1);
  entries.forEach((row, n) => {
    offsets[n + 1] = offsets[n] + row.length;
  });
  const columns = Uint32Array.from(entries.flat());
  const values = Float64Array.from(columns, () => random() - 0.5);
  const table = Float64Array.from({ length: F * D }, () => random() - 0.5);
  return { rows: { columnCount: F, offsets, columns, values }, table };
}
