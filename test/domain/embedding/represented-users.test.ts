import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { MERGES, type Merge } from '#domain/embedding/field-merge.ts';
import { representedUsers } from '#domain/embedding/represented-users.ts';
import { initialRepresentation, representUsers } from '#domain/embedding/user-representation.ts';
import { dropFeatures, type Shard } from '#domain/features/shard.ts';
import { seededRandom } from '#domain/random.ts';
import { anyPopulation, shardOf } from '../populations.ts';

const D = 6;

function representationFor({ features }: Shard, merge: Merge = 'attention') {
  const attention = merge === 'attention' ? 3 : 0;
  const shape = { merge, dimensions: D, attention, hidden: 7, poolingPower: 0.5 };
  return initialRepresentation(features, shape, seededRandom(2), (length) => new Float32Array(length));
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

describe('represented users', () => {
  test.prop([anyPopulation, fc.constantFrom(...MERGES)])(
    'are the representation’s points, made unit vectors; nobody without features is anywhere',
    ({ users }, merge) => {
      const shard = shardOf(users);
      const model = representationFor(shard, merge);
      const points = representedUsers(shard, everyRow(shard), model);

      const plain = representUsers(model, shard.rows, (length) => new Float32Array(length)).points;
      for (const row of everyRow(shard)) {
        const [found, wanted] = [points, plain].map((all) => Array.from(all.subarray(row * D, row * D + D)));
        const length = shard.rows.offsets[row] < shard.rows.offsets[row + 1] ? Math.hypot(...wanted) : 0;
        // A network may send somebody to the very middle.
        expect(found).toEqual(wanted.map((x) => (length > 0 ? expect.closeTo(x / length, 5) : 0)));
      }
    },
  );

  test.prop([anyPopulation, fc.constantFrom(...MERGES), fc.nat()])(
    'are the same, to the bit, whoever stands beside them',
    ({ users }, merge, pick) => {
      const shard = shardOf(users);
      const model = representationFor(shard, merge);
      const row = pick % Math.max(1, shard.ids.length);

      const all = representedUsers(shard, everyRow(shard), model);

      if (shard.ids.length > 0)
        expect(representedUsers(shard, Uint32Array.of(row), model)).toEqual(all.slice(row * D, row * D + D));
    },
  );

  it('see nothing in features that the representation does not know', () => {
    const shard = shardOf([
      { id: 'a', features: ['known:1', 'new:1'] },
      { id: 'b', features: ['known:1'] },
      { id: 'c', features: ['new:1'] },
    ]);
    const model = representationFor(dropFeatures(shard, new Set(['new:1'])));

    const points = representedUsers(shard, everyRow(shard), model);

    expect(points.slice(0, D)).toEqual(points.slice(D, 2 * D));
    expect(points.slice(2 * D)).toEqual(new Float32Array(D));
  });
});
