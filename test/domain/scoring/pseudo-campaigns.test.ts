import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { fieldOf, type Shard, userAt } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { seededRandom } from '#domain/random.ts';
import { LEAST_LIKES, pseudoCampaigns, sampleOf } from '#domain/scoring/pseudo-campaigns.ts';

/** A place that tells all there is: the features left to see, as bits of the features of everybody. */
function bitsOf(names: readonly string[]) {
  return ({ features, rows }: Shard) => {
    const points = new Float32Array((rows.offsets.length - 1) * names.length);
    for (let u = 0; u + 1 < rows.offsets.length; u++) {
      for (let at = rows.offsets[u]; at < rows.offsets[u + 1]; at++)
        points[u * names.length + names.indexOf(features[rows.columns[at]])] = 1;
    }
    return points;
  };
}

/** One city each (or none), any pages. */
function people(): Shard {
  const builder = new ShardBuilder();
  const random = seededRandom(11);
  for (let u = 0; u < 400; u++) {
    const pages = ['page:a', 'page:b', 'page:c'].filter(() => random() < 0.4);
    const city = u % 4 === 0 ? [] : [`city:${u % 4}`];
    builder.add({ id: `u${u}`, features: [...city, ...pages] });
  }
  return builder.build(Number.POSITIVE_INFINITY)[0];
}

describe('pseudo-campaigns', () => {
  const shard = people();
  const D = shard.features.length;
  const campaigns = pseudoCampaigns(shard, D, bitsOf(shard.features), seededRandom(2));

  it('make one of each feature that enough users have, and enough have not', () => {
    expect(campaigns.map(({ item }) => item)).toEqual(shard.features);
  });

  it('hide the item from all of its people: its field where nobody has two values of it, else the item alone', () => {
    for (const { item, likes, others } of campaigns) {
      const isHidden = (name: string) => (item.startsWith('city:') ? fieldOf(name) === 'city' : name === item);
      for (const { points, rows } of [likes, others]) {
        const seen = shard.features.filter((_, f) => rows.some((row) => points[row * D + f] === 1));
        expect(seen).toEqual(shard.features.filter((name) => !isHidden(name)));
      }
    }
  });

  it('take as likes who has the item and something else, and as others who has it not', () => {
    const { likes, others } = campaigns.filter(({ item }) => item === 'page:a')[0];
    const users = shard.ids.map((_, u) => userAt(shard, u).features);

    expect(likes.rows).toHaveLength(users.filter((own) => own.includes('page:a') && own.length > 1).length);
    expect(others.rows).toHaveLength(users.filter((own) => !own.includes('page:a') && own.length > 0).length);
  });

  it('hold together what is of one field of one value, and nothing else', () => {
    expect(new Set(campaigns.map(({ group }) => group))).toEqual(new Set(['city', 'page:a', 'page:b', 'page:c']));
  });

  it('are none where no feature has enough users', () => {
    const builder = new ShardBuilder();
    for (let u = 0; u < LEAST_LIKES - 1; u++) builder.add({ id: `u${u}`, features: ['page:a', `page:${u}`] });
    const [few] = builder.build(Number.POSITIVE_INFINITY);

    expect(pseudoCampaigns(few, few.features.length, bitsOf(few.features), seededRandom(1))).toEqual([]);
  });
});

describe('a sample', () => {
  test.prop([fc.uniqueArray(fc.nat(1_000)), fc.nat(20)])('is some of the values, each once, rising', (values, most) => {
    const rising = Uint32Array.from(values).sort();
    const sample = sampleOf(rising, most, seededRandom(1));

    expect(sample).toHaveLength(Math.min(most, values.length));
    expect([...sample]).toEqual([...new Set(sample)].sort((a, b) => a - b));
    expect([...sample].every((value) => values.includes(value))).toBe(true);
  });
});
