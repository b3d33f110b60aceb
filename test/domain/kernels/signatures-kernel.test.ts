import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf, type SparseMatrix } from '#domain/features/sparse-matrix.ts';
import { leastRanks, startSignatures } from '#domain/kernels/signatures-kernel.ts';
import { seededRandom } from '#domain/random.ts';
import { plainSetSignatures, setSignatures } from '#domain/retrieval/minhash.ts';

const F = 300;
const random = seededRandom(17);
const starts = Uint16Array.from({ length: F }, () => random() * 2 ** 16);
/** Slices that end with the permutation, and one that goes on at its beginning. */
starts.set([65_535, 65_408, 65_409, 0]);
const anySets = fc.array(fc.uniqueArray(fc.nat(F - 1), { maxLength: 40 }), { maxLength: 12 });

describe('the kernel of signatures', () => {
  test.prop([anySets, fc.integer({ min: 1, max: 200 })], { numRuns: 300 })(
    'gives the bits of the plain signatures, for any sets and any number of hashes',
    (sets, H) => {
      const matrix = matrixOf(sets, F);

      expect(setSignatures(matrix, starts, H)).toEqual(plainSetSignatures(matrix, starts, H));
    },
  );

  it.each([1, 64, 128, 1_000])('gives them of more sets than a block holds, with hashes: %i', (H) => {
    const sets = setsOf(Array.from({ length: 2_500 }, (_, u) => u % 7));

    expect(setSignatures(sets, starts, H)).toEqual(plainSetSignatures(sets, starts, H));
  });

  it('gives them of sets of more features than its memory holds, between small ones', () => {
    const sets = setsOf([3, 200_000, 0, 5, 65_536, 65_537, 1]);

    expect(setSignatures(sets, starts, 16)).toEqual(plainSetSignatures(sets, starts, 16));
  });

  it('knows the permutation that it was started with, and what an empty set is', () => {
    const kernel = startSignatures(Uint16Array.from({ length: 2 ** 17 }, (_, at) => 65_535 - (at % 65_536)));

    const signatures = leastRanks(kernel, matrixOf([[], [0], [0, 1]], 2), Uint16Array.of(7, 65_535), 9_999, 2);

    expect([...signatures]).toEqual([9_999, 9_999, 65_528, 65_527, 0, 65_527].map((rank) => Math.min(rank, 9_999)));
  });
});

/** Sets of the given sizes; the larger ones name features more than once, which changes nothing. */
function setsOf(sizes: readonly number[]): SparseMatrix {
  const offsets = new Uint32Array(sizes.length + 1);
  sizes.forEach((size, u) => {
    offsets[u + 1] = offsets[u] + size;
  });
  const columns = Uint32Array.from({ length: offsets[sizes.length] }, () => Math.floor(random() * F));
  return { columnCount: F, offsets, columns };
}
