/** Users as points by whichever model there is, and what each of their features adds to a point. */
import type { Embedding, EmbeddingModel, FactorModel } from '../features/embedding.ts';
import type { Shard } from '../features/shard.ts';
import { alsFeatureParts, embedUsersByAls } from './implicit-als.ts';
import { embedUsers, featureParts } from './truncated-svd.ts';

export type PointModel = EmbeddingModel | FactorModel;

export function placeUsers(shard: Shard, model: PointModel): Embedding {
  return isFactors(model) ? embedUsersByAls(shard, model) : embedUsers(shard, model);
}

/** Pairs of column and amount that sum to the dot product of a row's point with a direction, (D). */
export function pointParts(
  shard: Shard,
  model: PointModel,
  direction: Float64Array,
  row: number,
): (readonly [number, number])[] {
  return isFactors(model) ? alsFeatureParts(shard, model, direction, row) : featureParts(shard, model, direction, row);
}

function isFactors(model: PointModel): model is FactorModel {
  return 'whitened' in model;
}
