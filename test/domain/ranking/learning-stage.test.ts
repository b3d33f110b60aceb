import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { rowCountOf, selectRows } from '#domain/features/sparse-matrix.ts';
import {
  groupLabels,
  labelsOf,
  learningStage,
  sampledStage,
  stageLabels,
  userScores,
} from '#domain/ranking/learning-stage.ts';
import { SCALINGS, scaledScores, scaleRows } from '#domain/scoring/linear-model.ts';
import { crowdOf, trainingSetFor } from '../populations.ts';

const someSet = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(60), fc.nat(99), fc.boolean())
  .map(([seeds, others, seed, isWeighted]) =>
    trainingSetFor(crowdOf(seeds, seeds + others, seed, isWeighted ? [0.5, 1, 2] : undefined)),
  );

describe('labels', () => {
  it('make others of the seeds that are held out', () => {
    const { positives, others } = labelsOf(trainingSetFor(crowdOf(3, 6, 1)), (row) => row === 1);

    expect([...positives]).toEqual([1, 0, 1, 0, 0, 0]);
    expect([...others]).toEqual([0, 1, 0, 1, 1, 1]);
  });

  it('of equal rows are counted together', () => {
    const labels = { positives: Float64Array.of(1, 0, 1, 0.5), others: Float64Array.of(0, 1, 0, 2) };

    const { positives, others } = groupLabels(labels, Uint32Array.of(1, 0, 1, 1), 3);

    expect([...positives]).toEqual([0, 2.5, 0]);
    expect([...others]).toEqual([1, 2, 0]);
  });
});

describe('the stage of a learner', () => {
  test.prop([someSet])('scores users as their rows written out are scored', ({ shard, ...rest }) => {
    const set = { ...rest, shard: { ...shard, rows: { ...shard.rows, weights: undefined } } };
    const stage = learningStage(set);

    for (const scaling of SCALINGS) {
      const weights = stage.rows[scaling].columnFactors.map((_, f) => Math.sin(f + 1));
      const expected = scaledScores(scaleRows(set.shard.rows, scaling, stage.rarity), weights);

      const scores = userScores(stage, scaling, weights);

      scores.forEach((score, row) => {
        expect(score).toBeCloseTo(expected[row], 5);
      });
    }
  });

  test.prop([someSet])('with everybody in the sample is the whole stage', (set) => {
    const stage = learningStage(set);
    const counts = new Float64Array(set.isSeed.length).fill(1);

    const sample = sampledStage(stage, counts);

    expect(sample).toEqual({ ...stage, counts });
    expect(stageLabels(sample, labelsOf(set))).toEqual(stageLabels(stage, labelsOf(set)));
  });

  test.prop([someSet, fc.integer({ min: 2, max: 5 })])(
    'has the rows of the sample as they were, and counts',
    (set, step) => {
      const stage = learningStage(set);
      const counts = Float64Array.from(set.isSeed, (_, row) => (row % step === 0 ? step : 0));

      const sample = sampledStage(stage, counts);

      const drawn = [...set.isSeed.keys()].filter((row) => counts[row] > 0);
      for (const scaling of SCALINGS) {
        const [some, all] = [sample.rows[scaling], stage.rows[scaling]];
        for (const row of drawn) {
          const [own, before] = [sample.groups[row], stage.groups[row]];
          expect(selectRows(some.matrix, [own])).toEqual(selectRows(all.matrix, [before]));
          expect(some.rowFactors[own]).toBe(all.rowFactors[before]);
        }
        expect(some.columnFactors).toBe(all.columnFactors);
      }
      const { positives, others } = stageLabels(sample, labelsOf(set));
      const total = [...positives, ...others].reduce((sum, count) => sum + count, 0);
      expect(total).toBe(step * drawn.length);
      expect(rowCountOf(sample.rows.none.matrix)).toBe(new Set(drawn.map((row) => stage.groups[row])).size);
    },
  );
});
