/** A representation small enough to be written out, for tests of what it gives and of its gradient. */
import type { Merge } from '#domain/embedding/field-merge.ts';
import {
  initialRepresentation,
  type RepresentationShape,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { seededRandom } from '#domain/random.ts';

export const FEATURES = ['age:1', 'age:2', 'city:a', 'city:b', 'genre:x', 'genre:y', 'genre:z'];
export const SHAPE = { merge: 'attention', dimensions: 5, attention: 4, hidden: 6, poolingPower: 1 } as const;
export const SHAPES: Readonly<Record<Merge, RepresentationShape>> = {
  attention: SHAPE,
  concatenation: { ...SHAPE, merge: 'concatenation', attention: 0 },
};
/** All fields, some, many of one field, none. */
export const ROWS = [[0, 2, 4], [1, 5, 6], [4, 5, 6], [3], []];
export const exact = (length: number) => new Float64Array(length);

export function modelOf(shape: RepresentationShape): UserRepresentation {
  const model = initialRepresentation(FEATURES, shape, seededRandom(5), exact);
  // Larger than training starts with, so that no part of the gradient is lost in rounding.
  for (const values of Object.values(model.weights)) {
    values.forEach((value: number, at: number) => {
      values[at] = value + Math.sin(at + 1) / 2;
    });
  }
  return model;
}
