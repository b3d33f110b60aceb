/**
 * What every ranker must do. A new ranker passes this file unchanged before it is registered; one that cannot be exact
 * under other names, or in its parts, says by how much, and why.
 *
 * People not to resemble are honoured by all rankers in one way: `lessUnlike` fits a ranker twice, for the seeds and for
 * those people, each against the others who are neither, and takes one score from the other. The last laws are of that.
 */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { PointModel } from '#domain/embedding/place-users.ts';
import type { Shard, User } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { hashText } from '#domain/random.ts';
import { lessUnlike } from '#domain/ranking/less-unlike.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { assignRoles, type FurtherRoles, type Ranker, type Roles } from '#domain/ranking/ranker.ts';
import type { EmbeddingKind } from '#domain/ranking/rankers.ts';
import {
  anyPopulation,
  crowdOf,
  embedded,
  factorsOf,
  modelOf,
  type Population,
  populationOf,
  shardOf,
  shardsOf,
} from '../domain/populations.ts';

export interface Traits {
  /** Works on points: all shards are embedded before it sees them, by one model of everybody. */
  readonly embedding?: EmbeddingKind | undefined;
  /** Learns from the people given as exposed, and from no other but the seeds. */
  readonly needsExposed?: boolean;
  /** How far a score may move, relatively, when the features have other names: sums run in the order of the names. */
  readonly renaming?: number;
  /** How far the contributions may miss the score, as a share of them all: scores are float32. */
  readonly contributions?: number;
}

export function rankerContract(name: string, ranker: Ranker, traits: Traits = {}): void {
  const { embedding, needsExposed = false, renaming = 1e-6, contributions = 1e-5 } = traits;
  const pointsOf = (users: readonly User[]) => (embedding === 'als' ? factorsOf(users) : modelOf(users));
  const prepared = (people: Population, shards: readonly Shard[], model = () => pointsOf(people.users)) =>
    embedding ? embedded(shards, model()) : shards;
  const scoresIn = (people: Population, shards: readonly Shard[]) =>
    scoresById(ranker, people, prepared(people, shards));
  const scoresOf = (people: Population) => scoresIn(people, [shardOf(people.users)]);
  const fitted = (people: Population) => {
    const [shard] = prepared(people, [shardOf(people.users)]);
    return { shard, model: fitRanker(ranker, [shard], [rolesFor(people, shard)]) };
  };
  // Scores of points are sums of cosines of float32 vectors, which cancel: so they are exact as numbers around 1 are.
  const scale = embedding ? 1 : 0;
  const isClose = (score: number, other: number, tolerance: number, terms: readonly number[] = []) =>
    Math.abs(score - other) <=
    tolerance * terms.reduce((sum, term) => sum + Math.abs(term), Math.max(scale, Math.abs(score)));
  const renamedScores = (people: Population, salt: number) => {
    const users = people.users.map((user) => ({ ...user, features: user.features.map((f) => renamed(f, salt)) }));
    const model = () => renamedModel(pointsOf(people.users), salt);
    return scoresById(ranker, people, prepared(people, [shardOf(users)], model));
  };

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
      const { alike, strangers } = extremesOf(scoresOf(PLANTED));

      expect(alike).toBeGreaterThan(strangers);
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
      const evidence = shards.map((shard) => ranker.gather(shard, rolesFor(people, shard)));

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
        expect(isClose(score, sum, contributions, amounts), `${sum} for ${score}`).toBe(true);
        expect(amounts).toEqual(amounts.toSorted((left, right) => right - left));
      });
    });

    test.prop([anyPopulation, fc.nat(0xffffffff)])('does not read meaning into names', (people, salt) => {
      const scores = renamedScores(people, salt);

      for (const [id, score] of Object.entries(scoresOf(people))) {
        expect(isClose(score, scores[id], renaming), `${scores[id]} for ${score}`).toBe(true);
      }
    });

    describe.each(CROWDS)('among $what', ({ people }) => {
      it('gives the same scores and reasons for one and for three shards', () => {
        const answersOf = (count: number) =>
          answersById(ranker, people, prepared(people, shardsOf(people.users, count)));

        expect(answersOf(3)).toEqual(answersOf(1));
      });

      it('explains and stores as it scores', () => {
        const { shard, model } = fitted(people);
        const stored = structuredClone(model);

        const scores = ranker.score(stored, shard, everyRow(shard));

        expect(scores).toEqual(ranker.score(model, shard, everyRow(shard)));
        scores.forEach((score, row) => {
          const amounts = ranker.explain(stored, shard, row).map(({ amount }) => amount);
          const sum = amounts.reduce((total, amount) => total + amount, 0);
          expect(isClose(score, sum, contributions, amounts), `${sum} for ${score}`).toBe(true);
        });
      });

      it('finds those who have what seeds have', () => {
        const scores = scoresOf(people);

        const strangers = idsOf(people, 'user').difference(idsOf(people, 'user alike'));
        expect(meanOf(scores, idsOf(people, 'user alike'))).toBeGreaterThan(meanOf(scores, strangers));
      });

      it('does not read meaning into names', () => {
        const scores = renamedScores(people, 1);

        for (const [id, score] of Object.entries(scoresOf(people))) {
          expect(isClose(score, scores[id], renaming), `${scores[id]} for ${score}`).toBe(true);
        }
      });
    });

    it.each(LEGAL)('takes $what', ({ people }) => {
      const scores = Object.values(scoresIn(people, shardsOf(people.users, 3)));

      expect(scores).toHaveLength(people.users.length);
      expect(scores.every(Number.isFinite)).toBe(true);
    });

    if (needsExposed) {
      test.prop([anyPopulation, anyPopulation])(
        'learns from the seeds and the exposed, whatever the others have',
        (people, { users: models }) => {
          const isKnown = ({ id }: User) => people.seeds.has(id) || isExposed(id);
          const users = people.users.map((user, u) =>
            isKnown(user) ? user : { ...models[u % models.length], id: user.id },
          );

          const [before, after] = [scoresOf(people), scoresOf({ ...people, users })];

          for (const { id } of people.users.filter(isKnown)) expect(after[id]).toBe(before[id]);
        },
      );

      it('thinks less of those who are like the exposed', () => {
        const scores = scoresById(ranker, SHOWN, prepared(SHOWN, [shardOf(SHOWN.users)]), {
          exposed: idsOf(SHOWN, 'shown'),
        });

        expect(scores['alike golf 0']).toBeLessThan(scores['alike chess 0']);
      });
    } else {
      test.prop([anyPopulation])('does not heed who was exposed', (people) => {
        const shards = prepared(people, [shardOf(people.users)]);

        const scores = scoresById(ranker, people, shards, {});

        expect(scores).toEqual(scoresOf(people));
      });
    }

    describe('less those not to resemble', () => {
      const less = lessUnlike(ranker);
      it.each([1, 3])('puts lower, of two who are equally like the seeds, who is like them: %i shards', (count) => {
        const scores = scoresById(less, DISLIKED, prepared(DISLIKED, shardsOf(DISLIKED.users, count)), TOLD);

        const scoresFor = (kind: string) =>
          Object.keys(scores).flatMap((id) => (id.startsWith(kind) ? scores[id] : []));
        expect(Math.max(...scoresFor('alike golf'))).toBeLessThan(Math.min(...scoresFor('alike chess')));
      });

      test.prop([anyPopulation])('gives the same scores and reasons for one and for five shards', (people) => {
        const answersOf = (count: number) =>
          answersById(less, people, prepared(people, shardsOf(people.users, count)), unlikeOf(people));

        expect(answersOf(5)).toEqual(answersOf(1));
      });

      test.prop([anyPopulation])('explains what is left by contributions that sum to it', (people) => {
        const [shard] = prepared(people, [shardOf(people.users)]);
        const model = fitRanker(less, [shard], [rolesFor(people, shard, unlikeOf(people))]);

        const scores = less.score(model, shard, everyRow(shard));

        scores.forEach((score, row) => {
          const sum = less.explain(model, shard, row).reduce((total, { amount }) => total + amount, 0);
          const halves = [model.like, model.unlike].flatMap((half) => ranker.explain(half, shard, row));
          const terms = halves.map(({ amount }) => amount);
          expect(isClose(score, sum, contributions, terms), `${sum} for ${score}`).toBe(true);
        });
      });
    });
  });
}

/** Half of everybody: who is drawn by the id is so in any order and cut. */
function isExposed(id: string): boolean {
  return hashText(id, 7) % 2 === 0;
}

function isUnlike(id: string): boolean {
  return hashText(id, 8) % 3 === 0;
}

function unlikeOf(people: Population): FurtherRoles {
  return { ...exposedOf(people), unlike: new Set(people.users.flatMap(({ id }) => (isUnlike(id) ? id : []))) };
}

function exposedOf({ users }: Population): FurtherRoles {
  return { exposed: new Set(users.flatMap(({ id }) => (isExposed(id) ? id : []))) };
}

function rolesFor(people: Population, shard: Shard, further: FurtherRoles = exposedOf(people)): Roles {
  return assignRoles(shard, people.seeds, people.excluded, further);
}

function extremesOf(scores: Record<string, number>) {
  const scoresFor = (kind: string) => Object.keys(scores).flatMap((id) => (id.startsWith(kind) ? scores[id] : []));
  return { alike: Math.min(...scoresFor('alike')), strangers: Math.max(...scoresFor('stranger')) };
}

/** 50 who like what the 50 seeds like, and 50 who like something else: two groups that share nothing. */
const PLANTED = populationOf([
  ...likes('seed', 'jazz', 50),
  ...likes('alike', 'jazz', 50),
  ...likes('stranger', 'golf', 50),
]);

/** Seeds like golf and chess. Who likes golf was shown the campaign in vain; of those who like chess nobody was. */
const SHOWN = populationOf([
  ...both(likes('seed', 'golf', 30), 'chess'),
  ...likes('shown', 'golf', 30),
  ...likes('other', 'chess', 30),
  ...likes('alike golf', 'golf', 1),
  ...likes('alike chess', 'chess', 1),
]);

/** Golf and chess are the same to the seeds, and to the others who are neither like them nor to be avoided. */
const DISLIKED: Population = {
  ...populationOf([
    ...likes('seed', 'jazz', 150),
    ...both(likes('alike golf', 'jazz', 60), 'golf'),
    ...both(likes('alike chess', 'jazz', 60), 'chess'),
    ...likes('stranger golf', 'golf', 60),
    ...likes('stranger chess', 'chess', 60),
    ...both(likes('unlike', 'jazz', 60), 'golf'),
    ...both(likes('excluded', 'jazz', 60), 'chess'),
  ]),
  excluded: new Set(likes('excluded', 'chess', 60).map(({ id }) => id)),
};
const TOLD: FurtherRoles = {
  exposed: new Set([...idsOf(DISLIKED, 'alike'), ...idsOf(DISLIKED, 'stranger')]),
  unlike: idsOf(DISLIKED, 'unlike'),
};

/** Enough of them for learners to learn, and for `auto` to choose; with trees, in the last. */
const CROWDS: readonly { readonly what: string; readonly people: Population }[] = [
  { what: 'some', people: crowdOf(40, 200, 1) },
  { what: 'some with weights', people: crowdOf(40, 200, 2, [0.5, 1, 1, 3, 40]) },
  { what: 'many', people: crowdOf(320, 700, 3) },
];

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
    what: 'weights at the end of float32',
    people: populationOf([
      { id: 'seed 1', features: ['jazz 1', 'golf 1'], weights: [3e38, 1] },
      { id: 'alike 1', features: ['jazz 1'], weights: [3e38] },
      { id: 'alike 2', features: ['jazz 1', 'golf 1'], weights: [1, 3e38] },
      { id: 'alike 3', features: ['jazz 1', 'golf 1'], weights: [1e-30, 1e-45] },
      { id: 'alike 4', features: [] },
    ]),
  },
  { what: 'seeds who are all the same', people: populationOf([...same('seed', 20), ...likes('alike', 'jazz', 20)]) },
  {
    what: 'one feature, which some have',
    people: populationOf([
      ...same('seed', 12),
      ...same('alike', 12),
      ...without('seed without'),
      ...without('alike w'),
    ]),
  },
  { what: 'a feature that everybody has', people: populationOf([...same('seed', 12), ...same('alike', 12)]) },
  { what: 'many seeds and nobody else', people: populationOf(likes('seed', 'jazz', 40)) },
  {
    what: 'a feature that all seeds have and nobody else',
    people: populationOf([...both(likes('seed', 'jazz', 12), 'badge'), ...likes('alike', 'jazz', 12)]),
  },
  {
    what: 'somebody excluded whose weights dwarf those of everybody else',
    people: {
      ...populationOf([
        ...likes('seed', 'jazz', 12).map((user) => ({ ...user, weights: [1e-30, 1e-30, 1e-30, 1, 1] })),
        ...likes('alike', 'jazz', 12).map((user) => ({ ...user, weights: [1e-30, 1e-31, 1e-30, 1, 1] })),
        ...likes('giant', 'jazz', 3).map((user) => ({ ...user, weights: [1e15, 1e15, 1e15, 1e15, 1e15] })),
      ]),
      excluded: new Set(['giant 0', 'giant 1', 'giant 2']),
    },
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

function meanOf(scores: Record<string, number>, ids: ReadonlySet<string>): number {
  return [...ids].reduce((sum, id) => sum + scores[id], 0) / ids.size;
}

/** Users of another taste as well. */
function both(users: readonly User[], taste: string): User[] {
  return users.map((user, u) => ({ ...user, features: [...user.features, ...likes('', taste, 3)[u % 3].features] }));
}

function same(kind: string, count: number): User[] {
  return Array.from({ length: count }, (_, u) => ({ id: `${kind} ${u}`, features: ['jazz 1'] }));
}

function without(kind: string): User[] {
  return [0, 1, 2].map((u) => ({ id: `${kind} ${u}`, features: [] }));
}

function idsOf({ users }: Population, kind: string): Set<string> {
  return new Set(users.flatMap(({ id }) => (id.startsWith(kind) ? id : [])));
}

/** What is said of everybody, the seeds and the excluded included. */
function answersById(ranker: Ranker, people: Population, shards: readonly Shard[], further?: FurtherRoles) {
  const roles = shards.map((shard) => rolesFor(people, shard, further));
  const model = fitRanker(ranker, shards, roles);
  return Object.fromEntries(
    shards.flatMap((shard) => {
      const scores = ranker.score(model, shard, everyRow(shard));
      return shard.ids.map((id, row) => [id, { score: scores[row], reasons: ranker.explain(model, shard, row) }]);
    }),
  );
}

function scoresById(
  ranker: Ranker,
  people: Population,
  shards: readonly Shard[],
  further?: FurtherRoles,
): Record<string, number> {
  const roles = shards.map((shard) => rolesFor(people, shard, further));
  const model = fitRanker(ranker, shards, roles);
  return Object.fromEntries(
    shards.flatMap((shard) => {
      const scores = ranker.score(model, shard, everyRow(shard));
      return shard.ids.map((id, row) => [id, scores[row]]);
    }),
  );
}

function everyRow({ ids }: Shard): Uint32Array {
  return Uint32Array.from(ids.keys());
}

/** Another name, in another place of the order, as unique as before. */
function renamed(feature: string, salt: number): string {
  return `${hashText(feature, salt)} once ${feature}`;
}

/** The same points for the same people under other names: it is the ranker that is asked, not the embedding. */
function renamedModel(model: PointModel, salt: number): PointModel {
  const { dimensions: D, idf } = model;
  const names = idf.features.map((feature) => renamed(feature, salt));
  const order = [...names.keys()].sort((left, right) => compareTexts(names[left], names[right]));
  const inOrder = (rows: Float64Array) => Float64Array.from(order.flatMap((f) => [...rows.subarray(f * D, f * D + D)]));
  const values = Float64Array.from(order, (f) => idf.values[f]);
  const known = { idf: { features: order.map((f) => names[f]), values } };
  return 'loadings' in model
    ? { ...model, ...known, loadings: inOrder(model.loadings) }
    : { ...model, ...known, whitened: inOrder(model.whitened) };
}
