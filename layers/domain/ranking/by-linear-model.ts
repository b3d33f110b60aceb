/** What all rankers share whose scores are a sum over scaled features: what is learned differs, scoring and reasons do not. */
import { type LinearModel, linearModelParts, linearModelScores } from '../scoring/linear-model.ts';
import { contributionsOf, type Ranker, type Roles } from './ranker.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from './training-set.ts';

export function byLinearModel<Model extends LinearModel>(
  name: string,
  othersOf: (roles: Roles) => Uint32Array,
  learn: (set: TrainingSet) => Model,
): Ranker<TrainingSet, Model> {
  return {
    name,
    gather: (shard, roles) => trainingSetOf(shard, roles, othersOf(roles)),
    fit: (evidence) => learn(mergeTrainingSets(evidence)),
    score: linearModelScores,
    explain: (model, shard, row) => contributionsOf(shard, linearModelParts(model, shard, row)),
  };
}
