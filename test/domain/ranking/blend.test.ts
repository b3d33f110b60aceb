import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type BlendModel, blendContributions, blendScores } from '#domain/ranking/blend.ts';
import { byAuto } from '#domain/ranking/by-auto.ts';
import { byBoostedTrees } from '#domain/ranking/by-boosted-trees.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import { crowdOf, shardOf } from '../populations.ts';

const people = shardOf([
  { id: 'a', features: ['x'] },
  { id: 'b', features: ['x', 'y'] },
  { id: 'c', features: [] },
  { id: 'd', features: ['unheard of'] },
]);
const every = Uint32Array.of(0, 1, 2, 3);

describe('a blend', () => {
  it('adds up scores by their weights and deviations', () => {
    const blend = { inputs: [input([1, 2], 2, 4), input([10, 0], 1, 5)] };

    expect([...blendScores(blend, people, every)]).toEqual([2 + 50, 2 + 4 + 50, 0, 0]);
    expect(blendContributions(blend, people, 1)).toEqual([
      { feature: 'x', amount: 52 },
      { feature: 'y', amount: 4 },
    ]);
  });

  it('of one input is that input, whatever the others would say', () => {
    const blend = { inputs: [input([1, 2], 1, 1), input([9, 9], 1, 0)] };

    expect([...blendScores(blend, people, every)]).toEqual([1, 3, 0, 0]);
  });

  it('takes nothing from an input that tells nobody from anybody', () => {
    const blend = { inputs: [input([1, 2], Number.POSITIVE_INFINITY, 3)] };

    expect([...blendScores(blend, people, every)]).toEqual([0, 0, 0, 0]);
    expect(blendContributions(blend, people, 1)).toEqual([]);
  });

  it('stays within what float32 holds', () => {
    const blend = { inputs: [input([1e38, 1e38], 1e-30, 1)] };

    expect(blendScores(blend, people, every).every(Number.isFinite)).toBe(true);
  });

  describe.each([
    ['a stack', crowdOf(60, 300, 1), byAuto(1, 20)],
    ['trees', crowdOf(60, 300, 2), byBoostedTrees(1)],
    ['a stack with trees', crowdOf(320, 700, 3), byAuto(1, 20)],
  ])('of %s', (_, { users, seeds, excluded }, ranker) => {
    const shard = shardOf([...users, { id: 'without', features: [] }, { id: 'strange', features: ['unheard of'] }]);
    const model: BlendModel = fitRanker(ranker, [shard], [assignRoles(shard, seeds, excluded)]);
    const rowOf = (id: string) => shard.ids.indexOf(id);

    test.prop([fc.nat(shard.ids.length - 1)])('explains a score by contributions that sum to it', (row) => {
      const [score] = blendScores(model, shard, Uint32Array.of(row));

      const amounts = blendContributions(model, shard, row).map(({ amount }) => amount);

      const size = amounts.reduce((sum, amount) => sum + Math.abs(amount), 0);
      expect(Math.abs(amounts.reduce((sum, amount) => sum + amount, 0) - score)).toBeLessThanOrEqual(1e-6 * size);
    });

    it('explains by the user’s own features, and only once by each', () => {
      const { offsets, columns } = shard.rows;
      for (let row = 0; row < shard.ids.length; row++) {
        const own = Array.from(columns.subarray(offsets[row], offsets[row + 1]), (f) => shard.features[f]);
        const reasons = blendContributions(model, shard, row).map(({ feature }) => feature);
        if (own.length > 0) expect(own).toEqual(expect.arrayContaining(reasons));
        expect(new Set(reasons).size).toBe(reasons.length);
      }
    });

    it('has one reason at most for somebody without features', () => {
      const [score] = blendScores(model, shard, Uint32Array.of(rowOf('without')));

      const reasons = blendContributions(model, shard, rowOf('without'));

      expect(reasons).toEqual(score === 0 ? [] : [{ feature: '(no features)', amount: score }]);
    });
  });
});

/** Of two features, by the given weights. */
function input(values: readonly number[], deviation: number, weight: number): BlendModel['inputs'][number] {
  const features = ['x', 'y'];
  const rarity = { idf: { features, values: new Float64Array(2) }, unseen: 0 };
  const weights = { features, values: Float64Array.from(values) };
  const standard = { mean: 7, deviation, most: Number.POSITIVE_INFINITY };
  return { name: 'by hand', model: { scaling: 'none', weights, rarity }, standard, weight };
}
