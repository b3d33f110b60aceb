import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { embedUsersByAls, fitImplicitAls } from '#domain/embedding/implicit-als.ts';
import { type PointModel, placeUsers, pointParts } from '#domain/embedding/place-users.ts';
import { embedUsers, fitTruncatedSvd } from '#domain/embedding/truncated-svd.ts';
import { type Shard, userAt } from '#domain/features/shard.ts';
import { anyUsers, shardOf } from '../populations.ts';

const MODELS: readonly (readonly [string, (shard: Shard) => PointModel])[] = [
  ['a truncated SVD', (shard) => fitTruncatedSvd(shard, 4, 1)],
  ['a factorisation', (shard) => fitImplicitAls(shard, 4, 1)],
];
const anyDirection = fc
  .array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 })
  .map((direction) => Float64Array.from(direction));

describe('users as points', () => {
  it('are placed by the kind of model that there is', () => {
    const shard = shardOf(['ab', 'ac', 'bc', 'd'].map((names) => ({ id: names, features: names.split('') })));
    const [svd, factors] = [fitTruncatedSvd(shard, 2, 1), fitImplicitAls(shard, 2, 1)];

    expect(placeUsers(shard, svd)).toEqual(embedUsers(shard, svd));
    expect(placeUsers(shard, factors)).toEqual(embedUsersByAls(shard, factors));
    expect(placeUsers(shard, svd).vectors).not.toEqual(placeUsers(shard, factors).vectors);
  });

  describe.each(MODELS)('of %s', (_, modelOf) => {
    test.prop([anyUsers, anyUsers, anyDirection])(
      'are taken apart into features that sum to the dot product with any direction, for strangers as well',
      (fitted, users, anywhere) => {
        const model = modelOf(shardOf(fitted));
        const shard = shardOf(users.map((user) => ({ ...user, features: user.features.map(newName) })));
        const { dimensions: D, vectors } = placeUsers(shard, model);
        const direction = anywhere.slice(0, D);

        for (let row = 0; row < shard.ids.length; row++) {
          const product = direction.reduce((sum, x, d) => sum + x * vectors[row * D + d], 0);
          const parts = pointParts(shard, model, direction, row);
          expect(parts.reduce((sum, [, amount]) => sum + amount, 0)).toBeCloseTo(product, 5);
        }
      },
    );

    test.prop([anyUsers, anyDirection])(
      'are taken apart into features of their own that the model knows',
      (users, anywhere) => {
        const model = modelOf(shardOf(users));
        const shard = shardOf(users.map((user) => ({ ...user, features: user.features.map(newName) })));

        for (let row = 0; row < shard.ids.length; row++) {
          const parts = pointParts(shard, model, anywhere.slice(0, model.dimensions), row);
          const known = userAt(shard, row).features.filter((name) => model.idf.features.includes(name));
          const names = parts.map(([column]) => shard.features[column]);
          expect(names).toEqual(names.length === 0 ? [] : known);
        }
      },
    );

    it('are nowhere, and made of nothing, where nothing of them is known', () => {
      const model = modelOf(shardOf(['ab', 'ac', 'bc'].map((names) => ({ id: names, features: names.split('') }))));
      const shard = shardOf([
        { id: 'u1', features: [] },
        { id: 'u2', features: ['new'] },
      ]);

      expect(placeUsers(shard, model).lengths).toEqual(Float32Array.of(0, 0));
      expect([0, 1].map((row) => pointParts(shard, model, new Float64Array(model.dimensions).fill(1), row))).toEqual([
        [],
        [],
      ]);
    });
  });
});

/** One feature goes by a name that the model has not seen. */
function newName(name: string): string {
  return name === 'job' ? 'joy' : name;
}
