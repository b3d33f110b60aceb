import { describe, expect, it } from 'vitest';
import { byLinearModel } from '#domain/ranking/by-linear-model.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles } from '#domain/ranking/ranker.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';
import type { LinearModel } from '#domain/scoring/linear-model.ts';
import { shardsOf } from '../populations.ts';

const users = [
  { id: 's', features: ['x'] },
  { id: 'shown', features: ['x', 'y'] },
  { id: 'other', features: ['y'] },
  { id: 'excluded', features: ['z'] },
];
const shards = shardsOf(users, 3);
const roles = shards.map((shard) =>
  assignRoles(shard, new Set(['s']), new Set(['excluded']), { exposed: new Set(['shown']) }),
);

/** x speaks for a user, y a little against; of unit rows. */
const features = ['x', 'y'];
const model: LinearModel = {
  scaling: 'unit',
  weights: { features, values: Float64Array.of(2, -0.5) },
  rarity: { idf: { features, values: Float64Array.of(1, 1) }, unseen: 1 },
};

describe('ranking by a linear model', () => {
  it('learns once, from the seeds and from those who are to be the others, of all shards', () => {
    const seen: TrainingSet[] = [];
    const ranker = byLinearModel(
      'linear',
      ({ exposed }) => exposed,
      (set) => {
        seen.push(set);
        return model;
      },
    );

    fitRanker(ranker, shards, roles);

    expect(seen.map(({ shard, isSeed }) => [shard.ids, [...isSeed]])).toEqual([
      [
        ['s', 'shown'],
        [1, 0],
      ],
    ]);
    expect(ranker.name).toBe('linear');
  });

  it('scores users by what was learned, and says what each feature adds', () => {
    const ranker = byLinearModel(
      'linear',
      ({ background }) => background,
      () => model,
    );
    const answers = shards.flatMap((shard) =>
      shard.ids.map((id, row) => {
        const [score] = ranker.score(model, shard, Uint32Array.of(row));
        return [id, { score, reasons: ranker.explain(model, shard, row) }] as const;
      }),
    );

    expect(Object.fromEntries(answers)).toEqual({
      excluded: { score: 0, reasons: [] },
      other: { score: -0.5, reasons: [{ feature: 'y', amount: -0.5 }] },
      s: { score: 2, reasons: [{ feature: 'x', amount: 2 }] },
      shown: {
        score: expect.closeTo(1.5 / Math.SQRT2, 6),
        reasons: [
          { feature: 'x', amount: expect.closeTo(Math.SQRT2, 12) },
          { feature: 'y', amount: expect.closeTo(-0.5 / Math.SQRT2, 12) },
        ],
      },
    });
  });

  it('stays within what float32 holds', () => {
    const heavy = { ...model, scaling: 'none' as const, weights: { features, values: Float64Array.of(1e39, -1e39) } };
    const ranker = byLinearModel(
      'linear',
      ({ background }) => background,
      () => heavy,
    );

    for (const shard of shards) {
      expect(ranker.score(heavy, shard, Uint32Array.from(shard.ids.keys())).every(Number.isFinite)).toBe(true);
    }
  });
});
