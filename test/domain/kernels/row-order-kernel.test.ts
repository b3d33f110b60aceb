import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { orderRowsPlainlyInPlace } from '#domain/kernels/plain-row-order.ts';
import { orderRowsInPlace } from '#domain/kernels/row-order-kernel.ts';
import { seededRandom, shuffled } from '#domain/random.ts';

function copyOf({ columnCount, offsets, columns, weights }: SparseMatrix): SparseMatrix {
  return { columnCount, offsets: offsets.slice(), columns: columns.slice(), weights: weights?.slice() };
}

/** Both ways, of copies. */
function ordered(matrix: SparseMatrix): [SparseMatrix, SparseMatrix] {
  const [fast, plain] = [copyOf(matrix), copyOf(matrix)];
  orderRowsInPlace(fast);
  orderRowsPlainlyInPlace(plain);
  return [fast, plain];
}

const anyMatrix = fc
  .nat(40)
  .chain((columnCount) =>
    fc
      .tuple(
        fc.array(fc.shuffledSubarray(Array.from({ length: columnCount }, (_, f) => f)), { maxLength: 12 }),
        fc.boolean(),
      )
      .map(([rows, isWeighted]) =>
        matrixOf(rows, columnCount, isWeighted ? rows.map((row) => row.map((f) => f / 8 + 1)) : undefined),
      ),
  );

describe('the order of rows by the kernel', () => {
  test.prop([anyMatrix])('is that of plain TypeScript, weights included', (matrix) => {
    const [fast, plain] = ordered(matrix);

    expect(fast).toEqual(plain);
  });

  it.each([
    ['many rows', 6_000, 50, 1_000],
    ['many columns', 5, 20_000, 300_000],
  ])('is that of plain TypeScript for %s, which are put in order some at a time', (_, U, nonzero, F) => {
    const random = seededRandom(7);
    const every = Uint32Array.from({ length: F }, (__, f) => f);
    const offsets = Uint32Array.from({ length: U + 1 }, (__, u) => u * nonzero);
    const columns = new Uint32Array(U * nonzero);
    const some = shuffled(every, random);
    for (let u = 0; u < U; u++) for (let n = 0; n < nonzero; n++) columns[u * nonzero + n] = some[(u * 13 + n) % F];
    const weights = Float32Array.from(columns, (f) => f + 0.5);

    const [fast, plain] = ordered({ columnCount: F, offsets, columns, weights });

    expect(fast.columns).toEqual(plain.columns);
    expect(fast.weights).toEqual(plain.weights);
  });
});
