import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { type FeatureVector, placesOf, sumVectors, valuesFor } from '#domain/features/feature-vector.ts';

const names = fc
  .subarray(['', 'a', 'a:1', 'b', 'b:1', 'b:10', 'b:2', 'z', 'ä', '日本', '🎷', '\uffff'])
  .map((list) => list.sort());
const vector: fc.Arbitrary<FeatureVector> = names.chain((features) =>
  fc
    .array(fc.integer({ min: -1000, max: 2 ** 40 }), { minLength: features.length, maxLength: features.length })
    .map((values) => ({ features, values: Float64Array.from(values) })),
);
const amountOf = ({ features, values }: FeatureVector, name: string) => values[features.indexOf(name)] ?? 0;

describe('feature vector', () => {
  it('adds up by name', () => {
    const left = { features: ['area:1', 'area:3'], values: Float64Array.of(1, 10) };
    const right = { features: ['area:2', 'area:3'], values: Float64Array.of(5, 20) };

    const sum = sumVectors([left, right]);

    expect(sum).toEqual({ features: ['area:1', 'area:2', 'area:3'], values: Float64Array.of(1, 5, 30) });
  });

  it('is empty as the sum of nothing', () => {
    expect(sumVectors([])).toEqual({ features: [], values: new Float64Array(0) });
  });

  test.prop([fc.array(vector, { maxLength: 5 })])('sums to the same bytes in any order', (vectors) => {
    expect(sumVectors(vectors.toReversed())).toEqual(sumVectors(vectors));
  });

  test.prop([fc.array(vector, { maxLength: 5 })])('sums as each name alone does, names in order', (vectors) => {
    const sum = sumVectors(vectors);

    const known = [...new Set(vectors.flatMap(({ features }) => features))].sort();
    expect(sum.features).toEqual(known);
    expect([...sum.values]).toEqual(known.map((name) => vectors.reduce((total, v) => total + amountOf(v, name), 0)));
  });

  it('finds the places of names', () => {
    expect(placesOf(['a', 'c', 'd'], ['b', 'c', 'd', 'e'])).toEqual(Int32Array.of(-1, 1, 2));
  });

  test.prop([names, names])('finds the places that a search from the start finds', (wanted, features) => {
    expect([...placesOf(wanted, features)]).toEqual(wanted.map((name) => features.indexOf(name)));
  });

  test.prop([names, vector])('reads values in the order asked for, 0 for a strange name', (wanted, known) => {
    expect([...valuesFor(wanted, known)]).toEqual(wanted.map((name) => amountOf(known, name)));
  });
});
