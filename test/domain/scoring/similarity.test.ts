import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type Shard, type User, userAt } from '#domain/features/shard.ts';
import { rowCountOf, selectRows } from '#domain/features/sparse-matrix.ts';
import {
  type Aggregate,
  evidenceOf,
  type Measure,
  plainSimilarityScores,
  probabilityOf,
  type SeedRows,
  similarityParts,
  similarityScores,
} from '#domain/scoring/similarity.ts';
import { anyUsers, naiveScore, naiveSimilarity, shardOf } from '../populations.ts';

const MEASURES: readonly Measure[] = ['cosine', 'jaccard'];
const AGGREGATES: readonly Aggregate[] = ['mean', 'max', 'probabilistic'];
const EVERY_WAY = MEASURES.flatMap((measure) => AGGREGATES.map((aggregate) => ({ measure, aggregate })));

const seedUsers: readonly User[] = [
  { id: 's1', features: ['x', 'y'] },
  { id: 's2', features: ['z'], weights: [4] },
];
const users = shardOf([
  { id: 'a', features: ['x'] },
  { id: 'b', features: ['y', 'x'] },
  { id: 'c', features: ['z', 'x'], weights: [2, 1] },
  { id: 'd', features: ['w'] },
]);

describe('similarity', () => {
  // a has one of the first seed's two features, b both; c meets s1 in x (cosine 1/√(5·2), Jaccard 1/4) and s2 in z (cosine 8/(√5·4), Jaccard 2/5).
  it.each([
    { measure: 'cosine', aggregate: 'max', scores: [Math.SQRT1_2, 1, 2 / Math.sqrt(5), 0] },
    {
      measure: 'cosine',
      aggregate: 'mean',
      scores: [Math.SQRT1_2 / 2, 1 / 2, (1 / Math.sqrt(10) + 2 / Math.sqrt(5)) / 2, 0],
    },
    { measure: 'jaccard', aggregate: 'max', scores: [1 / 2, 1, 2 / 5, 0] },
    { measure: 'jaccard', aggregate: 'mean', scores: [1 / 4, 1 / 2, (1 / 4 + 2 / 5) / 2, 0] },
    {
      measure: 'jaccard',
      aggregate: 'probabilistic',
      scores: [Math.log(2), 9 * Math.log(10), -Math.log(0.75 * 0.6), 0],
    },
  ] as const)('by $measure and $aggregate is what a hand computes', ({ measure, aggregate, scores }) => {
    const found = similarityScores(measure, aggregate, seedsOf(seedUsers), users, everyRow(users));

    scores.forEach((score, row) => {
      expect(found[row]).toBeCloseTo(score, 5);
    });
  });

  describe.each(EVERY_WAY)('by $measure and $aggregate', ({ measure, aggregate }) => {
    const scoresOf = (seeds: SeedRows, shard: Shard) =>
      similarityScores(measure, aggregate, seeds, shard, everyRow(shard));

    test.prop([anyUsers, anyUsers])('is to the bit what pairs one by one say, as sets as well', (seeds, others) => {
      const asSets = (people: readonly User[]) => people.map(({ id, features }) => ({ id, features }));

      for (const [given, shard] of [
        [seedsOf(seeds), shardOf(others)],
        [seedsOf(asSets(seeds)), shardOf(asSets(others))],
      ] as const) {
        const rows = everyRow(shard).toReversed();
        expect(similarityScores(measure, aggregate, given, shard, rows)).toEqual(
          plainSimilarityScores(measure, aggregate, given, shard, rows),
        );
      }
    });

    test.prop([anyUsers, anyUsers])('is what every pair alone says', (seeds, others) => {
      const shard = shardOf(others);

      const scores = scoresOf(seedsOf(seeds), shard);

      scores.forEach((score, row) => {
        expectClose(score, naiveScore(measure, aggregate, userAt(shard, row), seeds));
      });
    });

    test.prop([anyUsers, anyUsers])('counts a seed given twice as two seeds', (seeds, others) => {
      const shard = shardOf(others);
      const once = seedsOf(seeds);

      const twice = scoresOf({ ...once, counts: once.counts.map(() => 2) }, shard);

      const copies = seeds.map((seed) => ({ ...seed, id: `copy of ${seed.id}` }));
      const listed = scoresOf(seedsOf([...seeds, ...copies]), shard);
      twice.forEach((score, row) => {
        expectClose(score, listed[row]);
      });
    });

    test.prop([anyUsers, anyUsers])('is the sum of its parts', (seeds, others) => {
      const shard = shardOf(others);

      const scores = scoresOf(seedsOf(seeds), shard);

      scores.forEach((score, row) => {
        const parts = similarityParts(measure, aggregate, seedsOf(seeds), shard, row);
        expectClose(
          parts.reduce((sum, [, amount]) => sum + amount, 0),
          score,
        );
      });
    });

    test.prop([anyUsers, anyUsers])(
      'gives parts only to features that the user shares with a seed',
      (seeds, others) => {
        const shard = shardOf(others);

        const known = new Set(shardOf(seeds).features);
        for (const row of everyRow(shard)) {
          const own = userAt(shard, row).features;
          const parts = similarityParts(measure, aggregate, seedsOf(seeds), shard, row);
          expect(parts.every(([f, amount]) => amount > 0 && own.includes(shard.features[f]))).toBe(true);
          expect(parts.every(([f]) => known.has(shard.features[f]))).toBe(true);
        }
      },
    );
  });

  test.prop([anyUsers, fc.constantFrom(...MEASURES)])('by maximum finds each user in himself', (people, measure) => {
    const shard = shardOf(people);

    const scores = similarityScores(measure, 'max', seedsOf(people), shard, everyRow(shard));

    scores.forEach((score, row) => {
      expect(score).toBeCloseTo(userAt(shard, row).features.length > 0 ? 1 : 0, 6);
    });
  });

  test.prop([anyUsers, anyUsers])('by probability is 1 − Π(1 − s)', (seeds, others) => {
    const shard = shardOf(others);

    const scores = similarityScores('jaccard', 'probabilistic', seedsOf(seeds), shard, everyRow(shard));

    scores.forEach((score, row) => {
      const misses = seeds.map((seed) => 1 - naiveSimilarity('jaccard', userAt(shard, row), seed));
      expect(probabilityOf(score)).toBeCloseTo(1 - misses.reduce((product, miss) => product * miss, 1), 6);
    });
  });
});

describe('evidence', () => {
  it('of two even chances makes three in four', () => {
    expect(evidenceOf(0.5)).toBeCloseTo(Math.LN2, 12);
    expect(probabilityOf(evidenceOf(0.5) + evidenceOf(0.5))).toBeCloseTo(0.75, 12);
  });

  it('still ranks many near-certain seeds where the probability has long been 1', () => {
    const [fewer, more] = [40, 41].map((count) => count * evidenceOf(0.999));

    expect([probabilityOf(fewer), probabilityOf(more)]).toEqual([1, 1]);
    expect(more).toBeGreaterThan(fewer);
  });

  it('takes a negative similarity for none, and stays finite at 1', () => {
    expect(evidenceOf(-0.5)).toBe(evidenceOf(0));
    expect(probabilityOf(evidenceOf(0))).toBeCloseTo(0, 12);
    expect(evidenceOf(1)).toBeCloseTo(9 * Math.log(10), 6);
  });

  test.prop([fc.double({ min: 0, max: 0.999999, noNaN: true })])('gives the probability back', (similarity) => {
    expect(probabilityOf(evidenceOf(similarity))).toBeCloseTo(similarity, 12);
  });
});

function seedsOf(seeds: readonly User[]): SeedRows {
  const { features, rows } = shardOf(seeds);
  const chosen = selectRows(rows, [...seeds.keys()]);
  return { features, rows: chosen, counts: new Uint32Array(rowCountOf(chosen)).fill(1) };
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
}
