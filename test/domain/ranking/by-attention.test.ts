import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Shard, User } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { byAttention, CLUSTER_COUNT } from '#domain/ranking/by-attention.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { embeddingOf, hasPoint } from '#domain/ranking/seed-vectors.ts';
import type { AttentionWeights } from '#domain/scoring/attention.ts';
import { rankerContract } from '../../contracts/ranker.contract.ts';
import { anyPopulation, embedded, modelOf, shardOf, shardsOf } from '../populations.ts';
import { weightsOf } from '../scoring/weights.ts';

const ranker = byAttention(1);

/** 900 users of 30 tastes; the seeds are a third of the users of every other taste. */
const random = seededRandom(7);
const crowd = Array.from({ length: 900 }, (_, u): User => {
  const taste = u % 30;
  const features = new Set(Array.from({ length: 5 }, () => `taste:${taste}:${Math.floor(6 * random())}`));
  return { id: `u${u}`, features: [...features] };
});
const isOfSeedTaste = (id: string) => Number(id.slice(1)) % 2 === 0;
const seeds = new Set(crowd.flatMap(({ id }, u) => (isOfSeedTaste(id) && Math.floor(u / 30) % 3 === 0 ? id : [])));
const embedding = modelOf(crowd);

describe('ranking by attention', () => {
  it('has the centroids of the seeds, as many as the paper has', () => {
    const { centroids, dimensions } = fittedOn([shardOf(crowd)]).model;

    expect(CLUSTER_COUNT).toBe(20);
    expect(centroids).toHaveLength(CLUSTER_COUNT * dimensions);
    for (let at = 0; at < centroids.length; at += dimensions) {
      expect(Math.hypot(...centroids.subarray(at, at + dimensions))).toBeLessThan(1 + 1e-6);
    }
  });

  it('is the same, to the last bit, for any cut into shards, with more seeds than clusters', () => {
    const scoresIn = (count: number) => {
      const { shards, model } = fittedOn(shardsOf(crowd, count));
      const pairs = shards.flatMap((shard) => {
        const scores = ranker.score(model, shard, everyRow(shard));
        return shard.ids.map((id, row) => [id, scores[row]] as const);
      });
      return Object.fromEntries(pairs);
    };

    expect(scoresIn(7)).toEqual(scoresIn(1));
  });

  it('starts its clusters by its random seed', () => {
    const { shards, roles } = fittedOn([shardOf(crowd)]);
    const centroidsBy = (seed: number) => fitRanker(byAttention(seed), shards, roles).centroids;

    expect(centroidsBy(2)).toEqual(centroidsBy(2));
    expect(centroidsBy(2)).not.toEqual(centroidsBy(3));
  });

  it('ranks people of all the tastes that seeds have above people of the others', () => {
    const { shards, model } = fittedOn([shardOf(crowd)]);
    const [shard] = shards;

    const scores = ranker.score(model, shard, everyRow(shard));

    const others = shard.ids.map((id, row) => ({ id, score: scores[row] })).filter(({ id }) => !seeds.has(id));
    const [alike, strangers] = [true, false].map((kind) => others.filter(({ id }) => isOfSeedTaste(id) === kind));
    const wins = alike.reduce((sum, one) => sum + strangers.filter((other) => one.score > other.score).length, 0);
    expect(wins / (alike.length * strangers.length)).toBeGreaterThan(0.99);
  });

  test.prop([anyPopulation])(
    'explains by clusters of seeds, the largest part first, those who lie anywhere',
    (people) => {
      const shards = embedded([shardOf(people.users)], modelOf(people.users));
      const [shard] = shards;
      const model = fitRanker(ranker, shards, [assignRoles(shard, people.seeds, people.excluded)]);

      const C = model.centroids.length / model.dimensions;
      for (const row of everyRow(shard)) {
        const reasons = ranker.explain(model, shard, row);
        const names = reasons.map(({ feature }) => feature);
        expect(new Set(names).size).toBe(names.length);
        expect(names.every((name) => /^cluster:\d+$/.test(name) && Number(name.slice(8)) <= C)).toBe(true);
        if (!hasPoint(embeddingOf(shard), row)) expect(reasons).toEqual([]);
      }
    },
  );

  it('knows the kind of seeds that somebody is most like, and by what they are told from the other seeds', () => {
    const { shards, model } = fittedOn([shardOf(crowd)]);
    const [shard] = shards;
    const isOfTaste = (feature: string, taste: number) => feature.startsWith(`taste:${taste}:`);

    let right = 0;
    for (const row of everyRow(shard)) {
      const taste = Number(shard.ids[row].slice(1)) % 30;
      if (taste % 2 === 1) continue;
      const kind = ranker.nearestKind?.(model, shard, row);
      expect(kind?.features.length).toBeGreaterThan(0);
      // Twenty clusters hold fifteen tastes: none has more than one but where two are one.
      if (kind?.features.some((feature) => isOfTaste(feature, taste))) right++;
    }

    expect(right / 450).toBeGreaterThan(0.9);
  });

  test.prop([anyPopulation])('splits a score into likeness to all seeds and to kinds of them', (people) => {
    const shards = embedded([shardOf(people.users)], modelOf(people.users));
    const [shard] = shards;
    const scorer = { weights: weightsOf(embeddingOf(shard).dimensions) };
    for (const each of [ranker, byAttention(1, scorer)]) {
      const model = fitRanker(each, shards, [assignRoles(shard, people.seeds, people.excluded)]);
      const scores = each.score(model, shard, everyRow(shard));
      const C = model.kinds.length;

      for (const row of everyRow(shard)) {
        const kind = each.nearestKind?.(model, shard, row);
        expect(kind !== undefined).toBe(C > 0 && hasPoint(embeddingOf(shard), row));
        if (!kind) continue;
        expect(kind.global + kind.local).toBeCloseTo(scores[row], 5);
        expect(Number(kind.cluster.slice('cluster:'.length))).toBeLessThanOrEqual(C);
      }
    }
  });

  it('has nobody to be like, and scores of 0, where no seed has a point', () => {
    const shards = embedded([shardOf([{ id: 'seed', features: [] }, ...crowd.slice(0, 9)])], embedding);
    const model = fitRanker(ranker, shards, [assignRoles(shards[0], new Set(['seed']), new Set())]);

    expect(model.centroids).toHaveLength(0);
    expect(new Set(ranker.score(model, shards[0], everyRow(shards[0])))).toEqual(new Set([0]));
  });
});

function fittedOn(cut: readonly Shard[]) {
  const shards = embedded(cut, embedding);
  const roles = shards.map((shard) => assignRoles(shard, seeds, new Set()));
  return { shards, roles, model: fitRanker(ranker, shards, roles) };
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

/** Of as many dimensions as the seeds have, which are fewer than asked for where people are few. */
const trained: typeof ranker = {
  ...ranker,
  fit: (evidence) => byAttention(1, { weights: sharpened(evidence[0].shard.embedding?.dimensions ?? 1) }).fit(evidence),
};

rankerContract('attention (trained)', trained, { embedding: 'svd' });

/** Trained to look at the nearest kinds alone; no direction of the points means anything to it, as the contract wants it. */
function sharpened(D: number): AttentionWeights {
  const identity = Float64Array.from({ length: D * D }, (_, at) => (at % D === Math.floor(at / D) ? 1 : 0));
  return {
    dimensions: D,
    outputs: D,
    layer: identity,
    layerBias: new Float64Array(D),
    slope: Float64Array.of(1),
    local: identity.map((x) => 4 * x),
    global: identity,
    globalQuery: new Float64Array(D),
  };
}
