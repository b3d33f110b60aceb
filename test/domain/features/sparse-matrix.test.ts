import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  columnCounts,
  denseMatrix,
  distinctRows,
  firstEqualRows,
  matrixOf,
  renumberColumns,
  rowCountOf,
  rowNorms,
  rowSums,
  type SparseMatrix,
  selectRows,
  transpose,
} from '#domain/features/sparse-matrix.ts';
import { seededRandom } from '#domain/random.ts';

const COLUMNS = 5;
const WEIGHTS = [0.5, 1, 2, 3];

/** Rows over five columns: weighted all or none, empty and equal ones often. */
const matrix: fc.Arbitrary<SparseMatrix> = fc
  .tuple(
    fc.array(fc.subarray([0, 1, 2, 3, 4], { maxLength: 3 }), { maxLength: 12 }),
    fc.infiniteStream(fc.constantFrom(...WEIGHTS)),
    fc.boolean(),
  )
  .map(([rows, weights, isWeighted]) =>
    matrixOf(rows, COLUMNS, isWeighted ? rows.map((row) => row.map(() => weights.next().value ?? 1)) : undefined),
  );

/** The same three users over four features, with weights and without. */
const heavy = matrixOf([[0, 2], [], [1, 2, 3]], 4, [[3, 4], [], [0.5, 1, 2]]);
const plain = matrixOf([[0, 2], [], [1, 2, 3]], 4);

describe('sparse matrix', () => {
  it('holds what its rows say', () => {
    expect(dense(heavy)).toEqual([
      [3, 0, 4, 0],
      [0, 0, 0, 0],
      [0, 0.5, 1, 2],
    ]);
    expect(dense(plain)).toEqual([
      [1, 0, 1, 0],
      [0, 0, 0, 0],
      [0, 1, 1, 1],
    ]);
    expect(rowCountOf(plain)).toBe(3);
  });

  it('measures the length and the sum of each row', () => {
    expect([...rowNorms(heavy)]).toEqual([5, 0, Math.sqrt(5.25)]);
    expect([...rowNorms(plain)]).toEqual([Math.SQRT2, 0, Math.sqrt(3)]);
    expect([...rowSums(heavy)]).toEqual([7, 0, 3.5]);
    expect([...rowSums(plain)]).toEqual([2, 0, 3]);
  });

  test.prop([matrix])('has the norms and sums of its dense form', (m) => {
    const rows = dense(m);

    expect([...rowSums(m)]).toEqual(rows.map((row) => row.reduce((sum, weight) => sum + weight, 0)));
    expect([...rowNorms(m)]).toEqual(rows.map((row) => Math.sqrt(row.reduce((sum, w) => sum + w * w, 0))));
  });

  test.prop([matrix, fc.array(fc.nat(100))])(
    'counts each column over the given rows, whatever its weight',
    (m, picks) => {
      const rows = picksWithin(m, picks);

      const counts = columnCounts(m, Uint32Array.from(rows));

      const lines = dense(m);
      expect([...counts]).toEqual([0, 1, 2, 3, 4].map((f) => rows.filter((row) => lines[row][f] > 0).length));
    },
  );

  test.prop([matrix])('turned, is its dense form read by column, users ascending', (m) => {
    const turned = transpose(m);

    const lines = dense(m);
    expect(dense(turned)).toEqual([0, 1, 2, 3, 4].map((f) => lines.map((line) => line[f])));
    expect(rowsAscend(turned)).toBe(true);
  });

  test.prop([matrix])('turned twice is itself', (m) => {
    expect(transpose(transpose(m))).toEqual(m);
  });

  test.prop([matrix, fc.array(fc.nat(100))])(
    'gives chosen rows in the order they were chosen, some twice',
    (m, picks) => {
      const rows = picksWithin(m, picks);

      const chosen = selectRows(m, rows);

      const lines = dense(m);
      expect(dense(chosen)).toEqual(rows.map((row) => lines[row]));
    },
  );

  it('moves columns to their new numbers and leaves some out', () => {
    const renumbered = renumberColumns(heavy, Int32Array.of(-1, 0, 1, 5), 6);

    expect(dense(renumbered)).toEqual([
      [0, 4, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0.5, 1, 0, 0, 0, 2],
    ]);
    expect(renumbered.columns).toHaveLength(4);
    expect(renumbered.weights).toHaveLength(4);
  });

  test.prop([matrix, fc.subarray([0, 1, 2, 3, 4])])('keeps of its dense form the columns that stay', (m, stay) => {
    const target = Int32Array.from({ length: COLUMNS }, (_, f) => stay.indexOf(f));

    const renumbered = renumberColumns(m, target, stay.length);

    expect(dense(renumbered)).toEqual(dense(m).map((line) => stay.map((f) => line[f])));
    expect(rowsAscend(renumbered)).toBe(true);
  });
});

describe('equal rows', () => {
  it('are told by their features and their weights', () => {
    const rows = [[0, 1], [0], [0, 1], [], [0, 1], []];
    const weights = [[1, 2], [1], [2, 1], [], [1, 2], []];

    expect([...firstEqualRows(matrixOf(rows, 2))]).toEqual([0, 1, 0, 3, 0, 3]);
    expect([...firstEqualRows(matrixOf(rows, 2, weights))]).toEqual([0, 1, 2, 3, 0, 3]);
  });

  test.prop([matrix])('are those that are equal in full', (m) => {
    const lines = dense(m).map((line) => line.join());

    expect([...firstEqualRows(m)]).toEqual(lines.map((line) => lines.indexOf(line)));
  });

  // Of 400,000 random rows some 18 pairs have one 32-bit hash.
  it('are not those that share a hash alone', () => {
    const U = 400_000;
    const random = seededRandom(32);
    const offsets = Uint32Array.from({ length: U + 1 }, (_, u) => 2 * u);
    const columns = Uint32Array.from({ length: 2 * U }, () => random() * 2 ** 32);
    const weights = Float32Array.from(columns, (column) => 1 + column);

    for (const m of [
      { columnCount: 2 ** 32, offsets, columns },
      { columnCount: 2, offsets, columns: columns.map((_, at) => at % 2), weights },
    ]) {
      expect(firstEqualRows(m).every((first, u) => first === u)).toBe(true);
    }
  });

  // Compared pair by pair, 100,000 users with the same columns would take longer than a test may.
  it('are found among many users who differ in their weights alone', () => {
    const U = 100_000;
    const offsets = Uint32Array.from({ length: U + 1 }, (_, u) => 2 * u);
    const columns = Uint32Array.from({ length: 2 * U }, (_, at) => at % 2);
    const weights = Float32Array.from({ length: 2 * U }, (_, at) => 1 + Math.floor(at / 4));

    const firsts = firstEqualRows({ columnCount: 2, offsets, columns, weights });

    expect(firsts.every((first, u) => first === u - (u % 2))).toBe(true);
  });
});

function dense({ columnCount, offsets, columns, weights }: SparseMatrix): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, u) => {
    const line = Array.from({ length: columnCount }, () => 0);
    for (let at = offsets[u]; at < offsets[u + 1]; at++) line[columns[at]] += weights ? weights[at] : 1;
    return line;
  });
}

function picksWithin(m: SparseMatrix, picks: readonly number[]): number[] {
  const count = rowCountOf(m);
  return count === 0 ? [] : picks.map((pick) => pick % count);
}

function rowsAscend({ offsets, columns }: SparseMatrix): boolean {
  return columns.every((column, at) => offsets.includes(at) || columns[at - 1] < column);
}

describe('distinct rows', () => {
  it('are each different row once, and say which of them each row is', () => {
    const { matrix, groups, firsts } = distinctRows(matrixOf([[0, 1], [2], [0, 1], [], [2], []], 3));

    expect([...firsts]).toEqual([0, 1, 3]);
    expect([...groups]).toEqual([0, 1, 0, 2, 1, 2]);
    expect(matrix).toEqual(matrixOf([[0, 1], [2], []], 3));
  });

  it('tell rows apart by their weights', () => {
    const { groups } = distinctRows(matrixOf([[0], [0], [0]], 1, [[1], [2], [1]]));

    expect([...groups]).toEqual([0, 1, 0]);
  });
});

describe('a dense matrix', () => {
  it('has every entry, zeros too', () => {
    const matrix = denseMatrix(Float32Array.of(1, 0, -2, 3, 4, 5), 3);

    expect(matrix).toEqual({
      ...matrixOf(
        [
          [0, 1, 2],
          [0, 1, 2],
        ],
        3,
      ),
      weights: Float32Array.of(1, 0, -2, 3, 4, 5),
    });
  });

  it('may have no rows, or no columns', () => {
    expect(rowCountOf(denseMatrix(new Float32Array(0), 3))).toBe(0);
    expect(rowCountOf(denseMatrix(new Float32Array(0), 0))).toBe(0);
  });
});
