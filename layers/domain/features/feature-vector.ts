/**
 * A number for each feature, known by the features' names: what shards, each with columns of its own, have in common.
 *
 * Shapes: features (F) in the order of texts, values (F).
 */
import { compareTexts } from './text-order.ts';

export interface FeatureVector {
  readonly features: readonly string[];
  readonly values: Float64Array;
}

/** The sum of vectors; exact, and so the same for any order, where the values are whole numbers below 2⁵³ in sum. */
export function sumVectors(vectors: readonly FeatureVector[]): FeatureVector {
  if (vectors.length === 1) return vectors[0];
  const sums = new Map<string, number>();
  for (const { features, values } of vectors) {
    features.forEach((feature, f) => {
      sums.set(feature, (sums.get(feature) ?? 0) + values[f]);
    });
  }
  const features = [...sums.keys()].sort(compareTexts);
  return { features, values: Float64Array.from(features, (feature) => sums.get(feature) ?? 0) };
}

/** Where each of `names` stands in `features`, or −1, (names): one walk through two sorted lists. */
export function placesOf(names: readonly string[], features: readonly string[]): Int32Array {
  const places = new Int32Array(names.length).fill(-1);
  let f = 0;
  for (let n = 0; n < names.length; n++) {
    // Whether they are the same is asked first: that is mostly so, and told at once.
    while (f < features.length && features[f] !== names[n] && compareTexts(features[f], names[n]) < 0) f++;
    if (f < features.length && features[f] === names[n]) places[n] = f;
  }
  return places;
}

/** The vector's values in the order of `names`, 0 for a name it does not know, (names). */
export function valuesFor(names: readonly string[], vector: FeatureVector): Float64Array {
  return valuesAt(placesOf(names, vector.features), vector.values, 0);
}

/** The values at the given places, and another one where there is none, (places). */
export function valuesAt(places: Int32Array, values: Float64Array, otherwise: number): Float64Array {
  const found = new Float64Array(places.length).fill(otherwise);
  for (let n = 0; n < places.length; n++) if (places[n] >= 0) found[n] = values[places[n]];
  return found;
}
