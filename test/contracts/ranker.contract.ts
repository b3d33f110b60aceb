/**
 * What every ranker must do. A new ranker passes this file unchanged before it is registered; one that cannot be exact
 * under other names, or in its parts, says by how much, and why.
 */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import type { Shard, User } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { hashText } from '#domain/random.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, type Ranker } from '#domain/ranking/ranker.ts';
import { anyPopulation, embedded, modelOf, type Population, shardOf, shardsOf } from '../domain/populations.ts';

export interface Traits {
  /** Works on points: all shards are embedded before it sees them, by one model of everybody. */
  readonly needsEmbedding?: boolean;
  /** How far a score may move, relatively, when the features have other names: sums run in the order of the names. */
  readonly renaming?: number;
  /** How far the contributions may miss the score, relatively: scores are float32. */
  readonly contributions?: number;
}

export function rankerContract(name: string, ranker: Ranker, traits: Traits = {}): void {
  const { needsEmbedding = false, renaming = 1e-6, contributions = 1e-5 } = traits;
  const prepared = (people: Population, shards: readonly Shard[], model = () => modelOf(people.users)) =>
    needsEmbedding ? embedded(shards, model()) : shards;
  const scoresIn = (people: Population, shards: readonly Shard[]) =>
    scoresById(ranker, people, prepared(people, shards));
  const scoresOf = (people: Population) => scoresIn(people, [shardOf(people.users)]);
  const fitted = (people: Population) => {
    const [shard] = prepared(people, [shardOf(people.users)]);
    return { shard, model: fitRanker(ranker, [shard], [assignRoles(shard, people.seeds, people.excluded)]) };
  };
  // Scores of points are sums of cosines of float32 vectors, which cancel: so they are exact as numbers around 1 are.
  const scale = needsEmbedding ? 1 : 0;
  const isClose = (score: number, other: number, tolerance: number) =>
    Math.abs(score - other) <= tolerance * Math.max(scale, Math.abs(score));

  describe(`ranker contract: ${name}`, () => {
    test.prop([anyPopulation])('gives every row one finite score', (people) => {
      const { shard, model } = fitted(people);

      const scores = ranker.score(model, shard, everyRow(shard));

      expect(scores).toBeInstanceOf(Float32Array);
      expect(scores).toHaveLength(people.users.length);
      expect(scores.every(Number.isFinite)).toBe(true);
    });

    test.prop([anyPopulation])('gives the same answer twice', (people) => {
      expect(scoresOf(people)).toEqual(scoresOf(people));
    });

    it('ranks every look-alike above every stranger', () => {
      const scores = scoresOf(PLANTED);

      const scoresFor = (kind: string) => Object.keys(scores).flatMap((id) => (id.startsWith(kind) ? scores[id] : []));
      expect(Math.min(...scoresFor('alike'))).toBeGreaterThan(Math.max(...scoresFor('stranger')));
    });

    test.prop([anyPopulation])(
      'gives the same scores and reasons, to the last bit, for one, two and five shards',
      (people) => {
        const answersOf = (count: number) =>
          answersById(ranker, people, prepared(people, shardsOf(people.users, count)));

        const whole = answersOf(1);

        expect(answersOf(2)).toEqual(whole);
        expect(answersOf(5)).toEqual(whole);
      },
    );

    test.prop([anyPopulation, fc.infiniteStream(fc.nat())])('ignores the order of the users', (people, keys) => {
      const keyed = people.users.map((user) => ({ user, key: keys.next().value ?? 0 }));

      const users = keyed.sort((left, right) => left.key - right.key).map(({ user }) => user);

      expect(scoresOf({ ...people, users })).toEqual(scoresOf(people));
    });

    test.prop([anyPopulation, fc.array(fc.nat(100))])('scores a row alike beside any other rows', (people, picks) => {
      const { shard, model } = fitted(people);
      const rows = Uint32Array.from(picks, (pick) => pick % people.users.length);

      const scores = ranker.score(model, shard, rows);

      const all = ranker.score(model, shard, everyRow(shard));
      expect(scores).toEqual(Float32Array.from(rows, (row) => all[row]));
    });

    test.prop([anyPopulation])('scores and explains as before from stored evidence and a stored model', (people) => {
      const shards = prepared(people, shardsOf(people.users, 2));
      const evidence = shards.map((shard) => ranker.gather(shard, assignRoles(shard, people.seeds, people.excluded)));

      const model = ranker.fit(evidence);
      const stored = structuredClone(ranker.fit(structuredClone(evidence)));

      for (const shard of shards) {
        const rows = everyRow(shard);
        expect(ranker.score(stored, shard, rows)).toEqual(ranker.score(model, shard, rows));
        expect([...rows].map((row) => ranker.explain(stored, shard, row))).toEqual(
          [...rows].map((row) => ranker.explain(model, shard, row)),
        );
      }
    });

    test.prop([anyPopulation])('explains a score by contributions that sum to it, the largest first', (people) => {
      const { shard, model } = fitted(people);

      const scores = ranker.score(model, shard, everyRow(shard));

      scores.forEach((score, row) => {
        const amounts = ranker.explain(model, shard, row).map(({ amount }) => amount);
        const sum = amounts.reduce((total, amount) => total + amount, 0);
        expect(isClose(score, sum, contributions), `${sum} for ${score}`).toBe(true);
        expect(amounts).toEqual(amounts.toSorted((left, right) => right - left));
      });
    });

    test.prop([anyPopulation, fc.nat(0xffffffff)])('does not read meaning into names', (people, salt) => {
      const users = people.users.map((user) => ({ ...user, features: user.features.map((f) => renamed(f, salt)) }));
      const shards = prepared(people, [shardOf(users)], () => renamedModel(modelOf(people.users), salt));

      const scores = scoresById(ranker, people, shards);

      for (const [id, score] of Object.entries(scoresOf(people))) {
        expect(isClose(score, scores[id], renaming), `${scores[id]} for ${score}`).toBe(true);
      }
    });

    it.each(LEGAL)('takes $what', ({ people }) => {
      const scores = Object.values(scoresIn(people, shardsOf(people.users, 3)));

      expect(scores).toHaveLength(people.users.length);
      expect(scores.every(Number.isFinite)).toBe(true);
    });
  });
}

/** 50 who like what the 50 seeds like, and 50 who like something else: two groups that share nothing. */
const PLANTED = populationOf([
  ...likes('seed', 'jazz', 50),
  ...likes('alike', 'jazz', 50),
  ...likes('stranger', 'golf', 50),
]);

const LEGAL: readonly { readonly what: string; readonly people: Population }[] = [
  { what: 'one seed', people: populationOf([...likes('seed', 'jazz', 1), ...likes('alike', 'jazz', 5)]) },
  { what: 'one candidate', people: populationOf([...likes('seed', 'jazz', 5), ...likes('stranger', 'golf', 1)]) },
  { what: 'no candidates', people: populationOf(likes('seed', 'jazz', 5)) },
  { what: 'no seeds', people: populationOf(likes('alike', 'jazz', 5)) },
  {
    what: 'seeds with features that nobody else has',
    people: populationOf([...likes('seed', 'jazz', 5), ...likes('stranger', 'golf', 5)]),
  },
  {
    what: 'users without features, seeds among them',
    people: populationOf([
      { id: 'seed without', features: [] },
      { id: 'user without', features: [] },
      ...likes('seed', 'jazz', 3),
      ...likes('alike', 'jazz', 3),
    ]),
  },
  {
    what: 'seeds without a single feature',
    people: populationOf([{ id: 'seed without', features: [] }, ...likes('alike', 'jazz', 3)]),
  },
  {
    what: 'weights of very different size',
    people: populationOf([
      { id: 'seed 1', features: ['jazz 1', 'golf 1'], weights: [1e15, 1e-30] },
      { id: 'alike 1', features: ['jazz 1', 'golf 1'], weights: [1e-30, 1e15] },
      { id: 'alike 2', features: ['golf 1'], weights: [1e-45] },
    ]),
  },
  {
    what: 'users with weights beside users without',
    people: populationOf([
      ...likes('seed', 'jazz', 9),
      ...likes('seed heavy', 'jazz', 9).map((user) => ({ ...user, weights: user.features.map((_, at) => at + 2) })),
      ...likes('alike', 'jazz', 9),
      ...likes('alike heavy', 'jazz', 9).map((user) => ({ ...user, weights: user.features.map((_, at) => at / 3) })),
    ]),
  },
];

/** Users who have five of the seven features of a taste, three of them in common. */
function likes(kind: string, taste: string, count: number): User[] {
  return Array.from({ length: count }, (_, u) => ({
    id: `${kind} ${u}`,
    features: [0, 1, 2, 3, 4].map((f) => `${taste} ${f + (u % 3)}`),
  }));
}

/** Seeds are those whose ids say so. */
function populationOf(users: readonly User[]): Population {
  const seeds = new Set(users.flatMap(({ id }) => (id.startsWith('seed') ? id : [])));
  return { users, seeds, excluded: new Set() };
}

/** What is said of everybody, the seeds and the excluded included. */
function answersById(ranker: Ranker, { seeds, excluded }: Population, shards: readonly Shard[]) {
  const roles = shards.map((shard) => assignRoles(shard, seeds, excluded));
  const model = fitRanker(ranker, shards, roles);
  return Object.fromEntries(
    shards.flatMap((shard) => {
      const scores = ranker.score(model, shard, everyRow(shard));
      return shard.ids.map((id, row) => [id, { score: scores[row], reasons: ranker.explain(model, shard, row) }]);
    }),
  );
}

function scoresById(ranker: Ranker, people: Population, shards: readonly Shard[]): Record<string, number> {
  const answers = Object.entries(answersById(ranker, people, shards));
  return Object.fromEntries(answers.map(([id, { score }]) => [id, score]));
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

/** Another name, in another place of the order, as unique as before. */
function renamed(feature: string, salt: number): string {
  return `${hashText(feature, salt)} once ${feature}`;
}

/** The same points for the same people under other names: it is the ranker that is asked, not the embedding. */
function renamedModel({ dimensions: D, idf, loadings }: EmbeddingModel, salt: number): EmbeddingModel {
  const names = idf.features.map((feature) => renamed(feature, salt));
  const order = [...names.keys()].sort((left, right) => compareTexts(names[left], names[right]));
  return {
    dimensions: D,
    idf: { features: order.map((f) => names[f]), values: Float64Array.from(order, (f) => idf.values[f]) },
    loadings: Float64Array.from(order.flatMap((f) => [...loadings.subarray(f * D, f * D + D)])),
  };
}
