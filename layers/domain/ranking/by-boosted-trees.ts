/**
 * Boosted trees over the frequent features and over what other rankers say of people who were held out from them.
 *
 * Shapes: see blend-trees.ts; the linear scores are those that `auto` stacks, here with no weight of their own.
 */
import { type BlendModel, blendContributions, blendScores } from './blend.ts';
import { BLEND_INPUTS } from './blend-inputs.ts';
import { fitBlendTrees } from './blend-trees.ts';
import { blendWork, crossFit, fitOnAll } from './cross-fit.ts';
import type { Ranker } from './ranker.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from './training-set.ts';

export function byBoostedTrees(seed: number): Ranker<TrainingSet, BlendModel> {
  return {
    name: 'boosted-trees',
    gather: (shard, roles) => trainingSetOf(shard, roles, roles.background),
    fit(evidence) {
      const set = mergeTrainingSets(evidence);
      const work = blendWork(set);
      const { heldOut, rows } = crossFit(work, BLEND_INPUTS, seed);
      const trees = fitBlendTrees(set.shard, heldOut, rows, set.isSeed);
      return {
        inputs: fitOnAll(work, BLEND_INPUTS).map(({ name, model, standard }) => ({ name, model, standard, weight: 0 })),
        trees: { ...trees, weight: 1 },
      };
    },
    score: blendScores,
    explain: blendContributions,
  };
}
