import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { matrixOf } from '#domain/features/sparse-matrix.ts';
import { seededRandom } from '#domain/random.ts';
import { type Banding, bucketHashes, candidateProbability, chooseBanding } from '#domain/retrieval/lsh-banding.ts';
import { circulantStarts, setSignatures } from '#domain/retrieval/minhash.ts';

const similarity = fc.double({ min: 0, max: 1, noNaN: true });
const banding = fc.record({ bands: fc.integer({ min: 1, max: 64 }), rows: fc.integer({ min: 1, max: 12 }) });

describe('chance of becoming a candidate', () => {
  it('is what a hand computes', () => {
    expect(candidateProbability(0.5, { bands: 2, rows: 3 })).toBeCloseTo(1 - (1 - 1 / 8) ** 2, 15);
    expect(candidateProbability(0, { bands: 9, rows: 1 })).toBe(0);
    expect(candidateProbability(1, { bands: 9, rows: 9 })).toBe(1);
  });

  test.prop([similarity, similarity, banding])(
    'rises with similarity and bands, falls with rows',
    (s, t, { bands, rows }) => {
      const chance = candidateProbability(s, { bands, rows });

      expect(candidateProbability(Math.max(s, t), { bands, rows })).toBeGreaterThanOrEqual(chance);
      expect(candidateProbability(s, { bands: bands + 1, rows })).toBeGreaterThanOrEqual(chance);
      expect(candidateProbability(s, { bands, rows: rows + 1 })).toBeLessThanOrEqual(chance);
    },
  );
});

describe('choice of a banding', () => {
  it.each([
    [0.5, 128, 1, 1],
    [0.2, 128, 1, 1],
    [0.9, 128, 1, 1],
    [0.35, 64, 0.1, 0.9],
    [0.8, 64, 9, 1],
    [0.05, 16, 1, 1],
    [0.7, 7, 1, 1],
    [0.5, 1, 1, 1],
  ])(
    'for similarity %f and %i hash functions has the least error, weighted %f to %f',
    (wanted, H, falsePositive, falseNegative) => {
      const chosen = chooseBanding(wanted, H, falsePositive, falseNegative);

      const errorOf = (candidate: Banding) =>
        falsePositive * simpson((s) => candidateProbability(s, candidate), 0, wanted) +
        falseNegative * simpson((s) => 1 - candidateProbability(s, candidate), wanted, 1);
      const least = Math.min(...everyBanding(H).map(errorOf));
      expect(chosen.bands * chosen.rows).toBeLessThanOrEqual(H);
      expect(errorOf(chosen)).toBeLessThan(least + 1e-5);
    },
  );

  test.prop([similarity, fc.integer({ min: 1, max: 64 })])('spends no more than there is', (wanted, H) => {
    const { bands, rows } = chooseBanding(wanted, H);

    expect(Math.min(bands, rows)).toBeGreaterThanOrEqual(1);
    expect(bands * rows).toBeLessThanOrEqual(H);
  });

  it('has its threshold rise with the similarity that is wanted', () => {
    const thresholds = [0.1, 0.3, 0.5, 0.7, 0.9].map((wanted) => {
      const { bands, rows } = chooseBanding(wanted, 128);
      return (1 / bands) ** (1 / rows);
    });

    expect(thresholds).toEqual(thresholds.toSorted((left, right) => left - right));
  });
});

describe('buckets', () => {
  const PAIRS = 1000;

  // Five standard deviations of a share of 1,000 pairs.
  it.each([
    { bands: 32, rows: 4 },
    { bands: 16, rows: 8 },
    { bands: 64, rows: 2 },
    { bands: 6, rows: 3 },
  ])('are shared as theory says by $bands bands of $rows', (cut) => {
    for (const jaccard of [0.1, 0.25, 0.4, 0.6, 0.8]) {
      const signatures = signaturesOfPairs(PAIRS, jaccard);

      const share = pairsInOneBucket(signatures, cut) / PAIRS;

      const chance = candidateProbability(jaccard, cut);
      const deviation = Math.sqrt((chance * (1 - chance)) / PAIRS);
      expect(Math.abs(share - chance)).toBeLessThanOrEqual(5 * deviation + 1 / PAIRS);
    }
  });

  const twoSignatures = fc.tuple(
    fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }),
    fc.array(fc.option(fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
  );

  test.prop([twoSignatures, fc.constantFrom(1, 2, 3, 4, 8)])(
    'are the same exactly where all values of a band agree',
    ([left, changes], rows) => {
      const right = left.map((rank, h) => changes[h] ?? rank);
      const cut = { bands: Math.floor(8 / rows), rows };

      for (let band = 0; band < cut.bands; band++) {
        const [a, b] = bucketHashes(Uint16Array.from([...left, ...right]), 8, cut, band);

        const valuesOf = (signature: readonly number[]) => signature.slice(band * rows, (band + 1) * rows);
        expect(a === b).toBe(String(valuesOf(left)) === String(valuesOf(right)));
      }
    },
  );

  it('of different values are nearly never one: some 5 of 2·10¹⁰ pairs, the values near each other', () => {
    const users = 200_000;
    const signatures = new Uint16Array(2 * users);
    for (let u = 0; u < users; u++) signatures.set([u % 500, Math.floor(u / 500)], 2 * u);

    const hashes = bucketHashes(signatures, 2, { bands: 1, rows: 2 }, 0);

    // The expected number is 4.7; a Poisson number exceeds 25 once in 10¹¹.
    expect(users - new Set(hashes).size).toBeLessThan(25);
  });

  it('spread evenly over their prefixes, so that pages are filled alike', () => {
    const hashes = bucketHashes(
      Uint16Array.from({ length: 60_000 }, (_, u) => u),
      1,
      { bands: 1, rows: 1 },
      3,
    );

    const counts = new Uint32Array(64);
    for (const hash of hashes) counts[hash >>> 26]++;

    // 937 on average, with a standard deviation of 30.
    expect(Math.max(...counts)).toBeLessThan(937 + 180);
    expect(Math.min(...counts)).toBeGreaterThan(937 - 180);
  });
});

function everyBanding(H: number): Banding[] {
  return Array.from({ length: H }, (_, r) =>
    Array.from({ length: Math.floor(H / (r + 1)) }, (__, b) => ({ bands: b + 1, rows: r + 1 })),
  ).flat();
}

/** The integral by Simpson's rule. */
function simpson(f: (x: number) => number, from: number, to: number): number {
  const steps = 400;
  const width = (to - from) / steps;
  let sum = f(from) + f(to);
  for (let step = 1; step < steps; step++) sum += (step % 2 === 1 ? 4 : 2) * f(from + step * width);
  return (sum * width) / 3;
}

/** Signatures of 128 values of pairs of sets, one after the other, each pair with 40 features of its own in all. */
function signaturesOfPairs(count: number, jaccard: number): Uint16Array {
  const random = seededRandom(2016);
  const both = Math.round(40 * jaccard);
  const left = both + Math.floor((40 - both) / 2);
  const names = Array.from({ length: 40 * count }, () => `f:${Math.floor(random() * 2 ** 32)}`);
  const rows = Array.from({ length: count }, (_, pair) => {
    const own = Array.from({ length: 40 }, (__, f) => 40 * pair + f);
    return [own.slice(0, left), [...own.slice(0, both), ...own.slice(left)]];
  });
  return setSignatures(matrixOf(rows.flat(), names.length), circulantStarts(names), 128);
}

function pairsInOneBucket(signatures: Uint16Array, cut: Banding): number {
  const bands = Array.from({ length: cut.bands }, (_, band) => bucketHashes(signatures, 128, cut, band));
  const pairs = Array.from({ length: signatures.length / 256 }, (_, pair) => 2 * pair);
  return pairs.filter((left) => bands.some((hashes) => hashes[left] === hashes[left + 1])).length;
}
