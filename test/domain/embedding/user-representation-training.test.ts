import { describe, expect, it } from 'vitest';
import {
  type RepresentationShape,
  representUsers,
  type UserRepresentation,
} from '#domain/embedding/user-representation.ts';
import { PAPERS_TRAINING, trainUserRepresentation } from '#domain/embedding/user-representation-training.ts';
import { type Shard, userAt } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { seededRandom } from '#domain/random.ts';

const SHAPE: RepresentationShape = { merge: 'attention', dimensions: 8, attention: 8, hidden: 16, poolingPower: 1 };
const CONCATENATED: RepresentationShape = { ...SHAPE, merge: 'concatenation', attention: 0 };
const TERMS = { ...PAPERS_TRAINING, batch: 32, rate: 0.01, epochs: 8, seed: 1 };

/** To the end: the model, and the loss of each epoch. */
function trained(shard: Shard, terms = TERMS, isItem?: (feature: string) => boolean, shape = SHAPE) {
  const epochs = [...trainUserRepresentation(shard, shape, terms, isItem)];
  return { model: epochs[0].model, losses: epochs.map(({ loss }) => loss) };
}

describe('training of user representations', () => {
  const shard = twoKinds(300);

  it.each([SHAPE, CONCATENATED])(
    'learns to tell the hidden feature better than chance among eleven, and better with every epoch at first, by $merge',
    (shape) => {
      const { losses } = trained(shard, TERMS, undefined, shape);

      expect(losses[1]).toBeLessThan(losses[0]);
      expect(losses[7]).toBeLessThan(Math.log(11) - 0.4);
    },
  );

  it('puts users of a kind side by side, also where they share no feature', () => {
    const { model } = trained(shard);

    const { points } = representUsers(model, shard.rows, (length) => new Float32Array(length));

    const cosine = (u: number, v: number) => {
      const of = (w: number) => points.subarray(w * 8, w * 8 + 8);
      const dot = (a: typeof points, b: typeof points) =>
        Array.from(a, (x, d) => x * b[d]).reduce((sum, x) => sum + x, 0);
      return dot(of(u), of(v)) / Math.sqrt(dot(of(u), of(u)) * dot(of(v), of(v)));
    };
    const kindOf = (u: number) => Number(shard.ids[u].slice(1)) % 2;
    const [same, other]: [number[], number[]] = [[], []];
    for (let u = 0; u < 100; u++) {
      for (let v = 0; v < u; v++) {
        const [left, right] = [new Set(userAt(shard, u).features), userAt(shard, v).features];
        if (right.some((name) => left.has(name))) continue;
        (kindOf(u) === kindOf(v) ? same : other).push(cosine(u, v));
      }
    }
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(same)).toBeGreaterThan(mean(other) + 0.3);
  });

  it('gives the same numbers for the same seed, and others for another', () => {
    const train = (seed: number) => trained(shard, { ...TERMS, epochs: 1, seed });

    expect(train(1)).toEqual(train(1));
    expect(train(2).losses).not.toEqual(train(1).losses);
  });

  it('ends with the epoch whose loss is no number', () => {
    const { losses } = trained(shard, { ...TERMS, rate: Number.NaN });

    expect(losses.at(-1)).toBeNaN();
    expect(losses.length).toBeLessThan(TERMS.epochs);
  });

  it('tells items alone, and sees the others; from so many pairs at most', () => {
    const isPage = (feature: string) => feature.startsWith('page:');
    const { model: all } = trained(shard, { ...TERMS, epochs: 1 });
    const { model: pages } = trained(shard, { ...TERMS, epochs: 1 }, isPage);
    const { model: few } = trained(shard, { ...TERMS, epochs: 1, mostPairs: 40 });
    const start = trained(shard, { ...TERMS, epochs: 1, mostPairs: 0 }).model;

    const moved = (model: typeof all) => model.features.filter((_, f) => hasMoved(model, start, f)).length;
    expect(moved(all)).toBe(shard.features.length);
    expect(moved(pages)).toBe(shard.features.length); // a city is never told, but tells of pages
    expect(pages).not.toEqual(all);
    expect(moved(few)).toBeLessThanOrEqual(shard.features.length);
    expect(moved(start)).toBe(0);
  });
});

function hasMoved(model: UserRepresentation, start: UserRepresentation, f: number): boolean {
  const D = SHAPE.dimensions;
  return model.weights.features.subarray(f * D, f * D + D).some((x, d) => x !== start.weights.features[f * D + d]);
}

/** Users of two kinds, each with three of the ten pages and one of the five cities of their kind. */
function twoKinds(count: number): Shard {
  const random = seededRandom(8);
  const builder = new ShardBuilder();
  for (let u = 0; u < count; u++) {
    const kind = u % 2;
    const pages = Array.from({ length: 3 }, () => `page:${10 * kind + Math.floor(random() * 10)}`);
    builder.add({ id: `u${u}`, features: [...new Set(pages), `city:${5 * kind + Math.floor(random() * 5)}`] });
  }
  return builder.build(Number.POSITIVE_INFINITY)[0];
}
