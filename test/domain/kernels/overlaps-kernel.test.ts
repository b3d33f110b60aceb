import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { foldOverlaps, type Overlaps } from '#domain/kernels/overlaps-kernel.ts';
import { seededRandom } from '#domain/random.ts';

const F = 60;
const anySet = fc.uniqueArray(fc.nat(F - 1), { maxLength: 25 });
const anyOverlaps = fc
  .record({
    seeds: fc.array(fc.tuple(anySet, fc.integer({ min: 1, max: 9 })), { maxLength: 90 }),
    users: fc.array(anySet, { maxLength: 150 }),
    /** Had by so many seeds that they are rows of bytes. */
    common: anySet,
    seed: fc.nat(),
    isGreatest: fc.boolean(),
  })
  .map(({ seeds, users, common, seed, isGreatest }): Overlaps => {
    const random = seededRandom(seed);
    const sets = seeds.map(([set]) => [...new Set([...set, ...common.filter(() => random() < 0.7)])]);
    const order = [...sets.keys()].sort((left, right) => sets[left].length - sets[right].length);
    return {
      seeds: rowsOf(order.map((s) => sets[s])),
      counts: Uint32Array.from(order, (s) => seeds[s][1]),
      users: rowsOf(users),
      rows: Uint32Array.from(users.keys()).filter(() => random() < 0.8),
      places: Int32Array.from({ length: F }, (_, f) => (f % 7 === 0 ? -1 : (f * 11) % F)),
      worth,
      isGreatest,
    };
  });

describe('the kernel of overlaps', () => {
  test.prop([anyOverlaps], { numRuns: 300 })('folds to the bits of every pair compared', (overlaps) => {
    expect(foldOverlaps(overlaps)).toEqual(plainly(overlaps));
  });

  it.each([true, false])('takes more seeds than its memory holds in parts (the greatest: %s)', (isGreatest) => {
    const random = seededRandom(7);
    const sets = (count: number, most: number) =>
      Array.from({ length: count }, () => {
        const set = new Set(Array.from({ length: 1 + Math.floor(most * random()) }, () => Math.floor(F * random())));
        return [...set].sort((left, right) => left - right);
      });
    const seeds = sets(140_000, 20).sort((left, right) => left.length - right.length);
    const users = sets(5, 30);
    const overlaps: Overlaps = {
      seeds: rowsOf(seeds),
      counts: Uint32Array.from(seeds, (_, s) => 1 + (s % 3)),
      users: rowsOf(users),
      rows: Uint32Array.from(users.keys()),
      places: Int32Array.from({ length: F }, (_, f) => f),
      worth,
      isGreatest,
    };

    expect(foldOverlaps(overlaps)).toEqual(plainly(overlaps));
  });

  it('counts up to 255, and leaves larger or weighted sets to others', () => {
    const set = (size: number) => Array.from({ length: size }, (_, f) => f);
    const of = (seeds: SparseMatrix, users: SparseMatrix, isGreatest = true) =>
      foldOverlaps({
        seeds,
        users,
        counts: Uint32Array.of(2),
        rows: Uint32Array.of(0),
        places: Int32Array.from(set(300)),
        worth: (shared) => shared,
        isGreatest,
      });

    expect(of(matrixOf([set(255)], 300), matrixOf([set(300)], 300))).toEqual(Float64Array.of(255));
    expect(of(matrixOf([set(255)], 300), matrixOf([set(300)], 300), false)).toEqual(Float64Array.of(510));
    expect(of(matrixOf([set(256)], 300), matrixOf([set(3)], 300))).toBeUndefined();
    expect(of(matrixOf([[0]], 300, [[2]]), matrixOf([[0]], 300))).toBeUndefined();
    expect(of(matrixOf([[0]], 300), matrixOf([[0]], 300, [[2]]))).toBeUndefined();
  });
});

function worth(shared: number, userSize: number, seedSize: number): number {
  return shared / (Math.sqrt(userSize) * Math.sqrt(seedSize));
}

function rowsOf(sets: readonly (readonly number[])[]): SparseMatrix {
  return matrixOf(
    sets.map((set) => set.toSorted((left, right) => left - right)),
    F,
  );
}

function plainly({ seeds, counts, users, rows, places, isGreatest }: Overlaps): Float64Array {
  const setOf = (matrix: SparseMatrix, row: number) => [
    ...matrix.columns.subarray(matrix.offsets[row], matrix.offsets[row + 1]),
  ];
  const seedSets = Array.from(counts, (_, s) => new Set(setOf(seeds, s)));
  const folded = new Float64Array(users.offsets.length - 1);
  for (const u of rows) {
    const own = setOf(users, u);
    seedSets.forEach((set, s) => {
      const shared = own.filter((f) => set.has(places[f])).length;
      if (shared === 0) return;
      const value = worth(shared, own.length, set.size);
      folded[u] = isGreatest ? Math.max(folded[u], value) : folded[u] + counts[s] * value;
    });
  }
  return folded;
}
