import { fc } from '@fast-check/vitest';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';

const COLUMNS = 9;
const anyNumber = fc.double({ min: -1e6, max: 1e6, noNaN: true });

/** Rows of none to all of nine columns, with weights or without, and a number for each column and for each row. */
export interface Multiplied {
  readonly matrix: SparseMatrix;
  readonly byColumn: Float64Array;
  readonly byRow: Float64Array;
}

const anyRows = fc.array(
  fc.record({
    has: fc.subarray(Array.from({ length: COLUMNS }, (_, f) => f)),
    amount: fc.constantFrom(0.25, 1, 3, 1e-3),
    value: fc.oneof(fc.constant(0), anyNumber),
  }),
  { maxLength: 20 },
);

export const anyMultiplied: fc.Arbitrary<Multiplied> = fc
  .tuple(anyRows, fc.boolean(), fc.array(anyNumber, { minLength: COLUMNS, maxLength: COLUMNS }))
  .map(([rows, isWeighted, byColumn]) => ({
    matrix: matrixOf(
      rows.map(({ has }) => has),
      COLUMNS,
      isWeighted ? rows.map(({ has, amount }) => has.map((f) => amount * (f + 1))) : undefined,
    ),
    byColumn: Float64Array.from(byColumn),
    byRow: Float64Array.from(rows, ({ value }) => value),
  }));

/** So many rows of so many random columns each, ascending. */
export function randomMatrix(
  rowLengths: readonly number[],
  columnCount: number,
  isWeighted: boolean,
  random: () => number,
): SparseMatrix {
  const rows = rowLengths.map((length) => {
    const own = new Set(Array.from({ length }, () => Math.floor(columnCount * random())));
    return [...own].sort((left, right) => left - right);
  });
  return matrixOf(rows, columnCount, isWeighted ? rows.map((own) => own.map(() => random() + 0.5)) : undefined);
}
