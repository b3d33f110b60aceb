import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { BLEND_INPUTS, type BlendInput, fitInputs } from '#domain/ranking/blend-inputs.ts';
import { byInformationValue } from '#domain/ranking/by-information-value.ts';
import { byRandomWalk } from '#domain/ranking/by-random-walk.ts';
import { labelsOf, learningStage, userScores } from '#domain/ranking/learning-stage.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { rolesIn, type TrainingSet } from '#domain/ranking/training-set.ts';
import { crowdOf, type Population, trainingSetFor } from '../populations.ts';

const someCrowd = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.nat(60), fc.nat(99))
  .map(([seedCount, others, seed]) => crowdOf(seedCount, seedCount + others, seed));

describe('the inputs of a blend', () => {
  it('have each name once, and safe ones of both costs among them', () => {
    const safe = BLEND_INPUTS.filter(({ isSafe }) => isSafe);

    expect(new Set(BLEND_INPUTS.map(({ name }) => name)).size).toBe(BLEND_INPUTS.length);
    expect(new Set(safe.map(({ cost }) => cost))).toEqual(new Set(['pass', 'regression']));
  });

  it.each(BLEND_INPUTS)('$name puts those alike before the others', (input) => {
    const set = trainingSetFor(crowdOf(60, 300, 1));

    const scores = scoresBy(input, set);

    const meanOf = (isMeant: (id: string) => boolean) => {
      const found = scores.filter((_, row) => set.isSeed[row] === 0 && isMeant(set.shard.ids[row]));
      return found.reduce((sum, score) => sum + score, 0) / found.length;
    };
    expect(meanOf((id) => id.includes('alike'))).toBeGreaterThan(meanOf((id) => !id.includes('alike')));
  });

  it.each(BLEND_INPUTS)('$name is finite where a label has nobody', (input) => {
    const set = trainingSetFor(crowdOf(10, 30, 1));
    const [nobody, everybody] = [new Float64Array(30), new Float64Array(30).fill(1)];

    for (const labels of [
      { positives: nobody, others: everybody },
      { positives: everybody, others: nobody },
    ]) {
      expect(fitInputs([input], learningStage(set), labels, new Map())[0].every(Number.isFinite)).toBe(true);
    }
  });

  test.prop([someCrowd])('value information as the ranker of that name does', (people) => {
    const { set, scores } = scoredBy('information value', people);
    const ranker = byInformationValue('positive');

    const expected = ranker.score(fitRanker(ranker, [set.shard], [rolesIn(set)]), set.shard, everyRow(set));

    expectClose(scores, expected);
  });

  test.prop([someCrowd, fc.constantFrom(1, 2)])('walk as the ranker of that name does', (people, rounds) => {
    const { set, scores } = scoredBy(`random walk, unit, ${rounds === 1 ? 'one round' : 'two rounds'}`, people);
    const ranker = byRandomWalk(rounds === 1 ? 1 : 2);

    const expected = ranker.score(fitRanker(ranker, [set.shard], [rolesIn(set)]), set.shard, everyRow(set));

    expectClose(scores, expected);
  });

  test.prop([someCrowd])('know the mean cosine to seeds, rare features weighed more', (people) => {
    const { set, scores } = scoredBy('mean cosine, idf', people);
    const { groups, rows } = learningStage(set);
    const { matrix, rowFactors, columnFactors } = rows['idf-unit'];

    const distinct = Array.from(rowFactors, (factor, row) => {
      const point = new Float64Array(columnFactors.length);
      for (let at = matrix.offsets[row]; at < matrix.offsets[row + 1]; at++) {
        point[matrix.columns[at]] = factor * columnFactors[matrix.columns[at]];
      }
      return point;
    });
    const points = Array.from(groups, (group) => distinct[group]);
    const seeds = points.filter((_, row) => set.isSeed[row] === 1);
    points.forEach((point, row) => {
      const cosines = seeds.map((seed) => seed.reduce((sum, x, f) => sum + x * point[f], 0));
      expect(scores[row]).toBeCloseTo(cosines.reduce((sum, cosine) => sum + cosine, 0) / seeds.length, 6);
    });
  });

  it('keep what a regression found, for the next to begin from, under its name and its scaling', () => {
    const set = trainingSetFor(crowdOf(20, 100, 1));
    const before = new Map<string, Float64Array>();
    const input = inputNamed('logistic regression, unit, C = 3');

    const [weights] = fitInputs([input], learningStage(set), labelsOf(set), before);

    expect(before).toEqual(
      new Map([
        [input.name, weights],
        ['unit', weights],
      ]),
    );
  });
});

function inputNamed(wanted: string): BlendInput {
  const [input] = BLEND_INPUTS.filter(({ name }) => name === wanted);
  return input;
}

function scoresBy(input: BlendInput, set: TrainingSet): Float32Array {
  const stage = learningStage(set);
  const [weights] = fitInputs([input], stage, labelsOf(set), new Map());
  return userScores(stage, input.scaling, weights);
}

/** Sums over equal users run by their count, and over one after the other elsewhere: the last bits may differ. */
function expectClose(scores: Float32Array, expected: Float32Array): void {
  expect([...scores]).toEqual(Array.from(expected, (score) => expect.closeTo(score, 5)));
}

function scoredBy(name: string, people: Population) {
  const set = trainingSetFor(people);
  return { set, scores: scoresBy(inputNamed(name), set) };
}

function everyRow({ isSeed }: TrainingSet): Uint32Array {
  return Uint32Array.from(isSeed.keys());
}
