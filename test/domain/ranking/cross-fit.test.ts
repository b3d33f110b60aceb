import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { BLEND_INPUTS, fitInputs } from '#domain/ranking/blend-inputs.ts';
import { blendWork, crossFit, fitOnAll, standardised, standardOf } from '#domain/ranking/cross-fit.ts';
import { dealFolds, FOLD_COUNT, otherRows } from '#domain/ranking/folds.ts';
import { labelsOf, learningStage, userScores } from '#domain/ranking/learning-stage.ts';
import type { TrainingSet } from '#domain/ranking/training-set.ts';
import { linearModelScores } from '#domain/scoring/linear-model.ts';
import { crowdOf, trainingSetFor } from '../populations.ts';

const someCrowd = fc
  .tuple(fc.integer({ min: 5, max: 30 }), fc.integer({ min: 10, max: 60 }), fc.nat(99))
  .map(([seedCount, others, seed]) => trainingSetFor(crowdOf(seedCount, seedCount + others, seed)));

/** Whose weights do not depend on where they were begun. */
const PASSES = BLEND_INPUTS.filter(({ cost }) => cost === 'pass');

describe('scores by models that did not see people as seeds', () => {
  test.prop([someCrowd, fc.nat(99)])('are those of models fitted without the fold’s seeds, one by one', (set, seed) => {
    const { heldOut, fold, byFold } = crossFit(blendWork(set), PASSES, seed);

    expect(fold).toEqual(dealFolds(set, seed));
    for (let k = 0; k < FOLD_COUNT; k++) {
      const expected = PASSES.map((_, m) => naiveScores(set, m, (row) => set.isSeed[row] === 1 && fold[row] === k));
      expect(byFold[k]).toEqual(expected);
      heldOut.forEach((scores, m) => {
        expect(scores.filter((_, row) => fold[row] === k)).toEqual(expected[m].filter((_, row) => fold[row] === k));
      });
    }
  });

  // Trees split exactly where a user of the fit stands: one step of float32 would put that user on the other side.
  test.prop([someCrowd], { numRuns: 30 })('are to the last bit what the models of all seeds give', (set) => {
    const rows = Uint32Array.from(set.isSeed.keys());

    for (const { scores, model, standard } of fitOnAll(blendWork(set), BLEND_INPUTS)) {
      expect(scores).toEqual(standardised(linearModelScores(model, set.shard, rows), standard));
    }
  });

  test.prop([someCrowd])('have mean 0 and deviation 1 among the others', (set) => {
    for (const { scores } of fitOnAll(blendWork(set), PASSES)) {
      const { mean, deviation } = standardOf(scores, otherRows(set));
      if (deviation === Number.POSITIVE_INFINITY) continue;
      expect(mean).toBeCloseTo(0, 4);
      expect(deviation).toBeCloseTo(1, 4);
    }
  });
});

describe('a standard', () => {
  it('is what a hand computes, of the rows that are asked for', () => {
    const standard = standardOf([1, 100, 3], Uint32Array.of(0, 2));

    expect(standard).toEqual({ mean: 2, deviation: 1, most: Number.POSITIVE_INFINITY });
    expect([...standardised([1, 100, 3], standard)]).toEqual([-1, 98, 1]);
  });

  it('takes what is beyond the ceiling as the ceiling', () => {
    const standard = standardOf([1, 100, 3], Uint32Array.of(0, 2), 5);

    expect(standard.most).toBe(7);
    expect([...standardised([1, 100, 3], standard)]).toEqual([-1, 5, 1]);
  });

  it.each([
    ['equal', [5, 5, 5]],
    ['equal but for the last bit of float32', [0.1, Math.fround(0.1), Math.fround(0.1) + 1e-8]],
    ['nobody’s', []],
  ])('tells nobody from anybody by scores that are %s', (_, scores) => {
    const standard = standardOf(scores, Uint32Array.from(scores.keys()));

    expect([...standardised(scores, standard)]).toEqual(scores.map(() => expect.closeTo(0, 12)));
  });

  it('has no score beyond what float32 holds', () => {
    expect(
      standardised([1e30, -1e30], { mean: 0, deviation: 1e-30, most: Number.POSITIVE_INFINITY }).every(Number.isFinite),
    ).toBe(true);
  });
});

function naiveScores(set: TrainingSet, m: number, isHeldOut: (row: number) => boolean): Float32Array {
  const stage = learningStage(set);
  const [weights] = fitInputs([PASSES[m]], stage, labelsOf(set, isHeldOut), new Map());
  const scores = userScores(stage, PASSES[m].scaling, weights);
  return standardised(scores, standardOf(scores, otherRows(set)));
}
