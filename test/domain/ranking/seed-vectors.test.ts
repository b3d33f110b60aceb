import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Embedding } from '#domain/features/embedding.ts';
import type { Shard } from '#domain/features/shard.ts';
import {
  embeddingOf,
  hasPoint,
  mergeSeedVectors,
  type SeedVectors,
  seedVectorsOf,
  sumOfVectors,
} from '#domain/ranking/seed-vectors.ts';
import { anyUsers, embedded, modelOf, shardOf, shardsOf } from '../populations.ts';

const people = shardOf(['u1', 'u2', 'u3', 'u4'].map((id) => ({ id, features: ['a'] })));
const placed: Shard = { ...people, embedding: embeddingWith(2, [1, 0, 0, 0, 0.6, 0.8, 0, -1]) };

describe('points of seeds', () => {
  it('are those of the given rows, without the seeds that lie nowhere', () => {
    const points = seedVectorsOf(placed, Uint32Array.of(1, 2, 3));

    expect(points).toEqual({ dimensions: 2, ids: ['u3', 'u4'], vectors: Float32Array.of(0.6, 0.8, 0, -1) });
    expect([0, 1, 2, 3].map((row) => hasPoint(embeddingOf(placed), row))).toEqual([true, false, true, true]);
  });

  it('are not to be had of a shard without an embedding', () => {
    expect(() => seedVectorsOf(people, Uint32Array.of(0))).toThrow(
      'expected a shard with an embedding, got one without',
    );
  });

  test.prop([anyUsers, fc.integer({ min: 1, max: 5 })])(
    'stand in the order of the ids, to the last bit, for any cut into shards',
    (users, count) => {
      const pointsIn = (shards: readonly Shard[]) =>
        mergeSeedVectors(
          embedded(shards, modelOf(users)).map((shard) => seedVectorsOf(shard, everyRow(shard))),
          Number.POSITIVE_INFINITY,
        );

      const points = pointsIn(shardsOf(users, count));

      expect(points.ids).toEqual([...points.ids].sort());
      expect(points.vectors).toHaveLength(points.ids.length * points.dimensions);
      expect(points).toEqual(pointsIn([shardOf(users)]));
    },
  );

  test.prop([fc.uniqueArray(fc.nat(999), { maxLength: 40 }), fc.nat(20), fc.nat(40)])(
    'beyond the limit are a sample, the same however the seeds were parted, and merged before',
    (numbers, limit, cut) => {
      const seeds = numbers.map((number) => ({ id: `u${number}`, vector: [number, 1] }));
      const whole = mergeSeedVectors([pointsOf(seeds)], limit);

      const parts = [seeds.slice(0, cut), [], seeds.slice(cut)].map(pointsOf);

      expect(mergeSeedVectors(parts, limit)).toEqual(whole);
      expect(
        mergeSeedVectors(
          parts.map((part) => mergeSeedVectors([part], limit)),
          limit,
        ),
      ).toEqual(whole);
      expect(whole.ids).toHaveLength(Math.min(limit, seeds.length));
      expect(Array.from(whole.ids, (_, s) => `u${whole.vectors[2 * s]}`)).toEqual(whole.ids);
    },
  );

  it('of a sample are drawn evenly', () => {
    const seeds = Array.from({ length: 10_000 }, (_, n) => ({ id: `u${n}`, vector: [n, 1] }));

    const { vectors } = mergeSeedVectors([pointsOf(seeds)], 1000);

    // The mean of 1,000 of the numbers has a standard deviation of 87.
    const mean = vectors.filter((_, at) => at % 2 === 0).reduce((sum, number) => sum + number, 0) / 1000;
    expect(Math.abs(mean - 4999.5)).toBeLessThan(450);
  });

  it('of nobody are none, and sum to nothing', () => {
    const none = mergeSeedVectors([], 9);

    expect(none.ids).toEqual([]);
    expect([...sumOfVectors(none)]).toEqual([0]);
    expect([...sumOfVectors(mergeSeedVectors([pointsOf([])], 9))]).toEqual([0, 0]);
  });

  it('are summed dimension by dimension', () => {
    expect([...sumOfVectors({ dimensions: 3, vectors: Float32Array.of(1, 2, 3, 4, 5, 6) })]).toEqual([5, 7, 9]);
  });
});

function embeddingWith(D: number, vectors: readonly number[]): Embedding {
  return {
    dimensions: D,
    vectors: Float32Array.from(vectors),
    lengths: new Float32Array(vectors.length / D).fill(1),
    model: {
      dimensions: D,
      idf: { features: ['a'], values: Float64Array.of(1) },
      loadings: new Float64Array(D),
    },
  };
}

function pointsOf(seeds: readonly { readonly id: string; readonly vector: readonly number[] }[]): SeedVectors {
  return {
    dimensions: 2,
    ids: seeds.map(({ id }) => id),
    vectors: Float32Array.from(seeds.flatMap(({ vector }) => vector)),
  };
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}
