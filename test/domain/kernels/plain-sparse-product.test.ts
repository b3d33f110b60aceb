import { expect, it } from 'vitest';
import { addScaledInPlace, plainGramProduct, plainRowProducts } from '#domain/kernels/plain-sparse-product.ts';

/** (1 0 2; 0 3 0). */
const ROWS = {
  columnCount: 3,
  offsets: Uint32Array.of(0, 2, 3),
  columns: Uint32Array.of(0, 2, 1),
  values: Float64Array.of(1, 2, 3),
};
/** (1 2; 3 4; 5 6). */
const TABLE = Float64Array.of(1, 2, 3, 4, 5, 6);

it('multiplies sparse rows as a hand does', () => {
  expect([...plainRowProducts(ROWS, TABLE, 2)]).toEqual([11, 14, 9, 12]);
});

it('multiplies by AᵀA as a hand does', () => {
  expect([...plainGramProduct(ROWS, TABLE, 2)]).toEqual([11, 14, 27, 36, 22, 28]);
});

it('adds a multiple of a stretch to another', () => {
  const target = Float64Array.of(1, 1, 1, 1);

  addScaledInPlace(target, 1, Float64Array.of(5, 6, 7), 1, 2, 10);

  expect([...target]).toEqual([1, 61, 71, 1]);
});
