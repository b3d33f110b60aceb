/**
 * Random populations small enough for the slow obvious way of computing everything, and that way's similarities.
 *
 * Names repeat often, rows come out empty or equal, and weights are missing, partly given or zero: what breaks kernels.
 */
import { fc } from '@fast-check/vitest';
import { fitImplicitAls } from '#domain/embedding/implicit-als.ts';
import { type PointModel, placeUsers } from '#domain/embedding/place-users.ts';
import { fitTruncatedSvd } from '#domain/embedding/truncated-svd.ts';
import type { EmbeddingModel, FactorModel } from '#domain/features/embedding.ts';
import type { Shard, User } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { hashText, seededRandom } from '#domain/random.ts';
import { assignRoles, type FurtherRoles } from '#domain/ranking/ranker.ts';
import { mergeTrainingSets, type TrainingSet, trainingSetOf } from '#domain/ranking/training-set.ts';
import type { Aggregate, Measure } from '#domain/scoring/similarity.ts';

export interface Population {
  readonly users: readonly User[];
  /** Nobody is both; who is neither is to be ranked. */
  readonly seeds: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
}

const FEATURES = ['age:18', 'age:30', 'area:7', 'area:8', 'area:9', 'job', 'ärea:ü', '🎷'];

/** A user whose features come in any order, weighted or not. */
export function anyUser(weight: fc.Arbitrary<number> = fc.constantFrom(0, 0.25, 1, 1, 2, 5)): fc.Arbitrary<User> {
  const features = fc.oneof(fc.shuffledSubarray(FEATURES), fc.shuffledSubarray(FEATURES.slice(0, 2)));
  const weighted = features.chain((names) =>
    fc
      .array(weight, { minLength: names.length, maxLength: names.length })
      .map((weights) => ({ features: names, weights })),
  );
  const id = fc.nat(199).map((number) => `u${number}`);
  return fc
    .tuple(
      id,
      fc.oneof(
        weighted,
        features.map((names) => ({ features: names })),
      ),
    )
    .map(([user, row]) => ({ id: user, ...row }));
}

export const anyUsers = fc.uniqueArray(anyUser(), { selector: ({ id }) => id, minLength: 1, maxLength: 14 });

export const anyPopulation: fc.Arbitrary<Population> = anyUsers.chain((users) =>
  fc
    .array(fc.constantFrom('seed', 'candidate', 'candidate', 'excluded'), {
      minLength: users.length,
      maxLength: users.length,
    })
    .map((roles) => {
      const idsOf = (role: string) => new Set(users.flatMap(({ id }, u) => (roles[u] === role ? id : [])));
      return { users, seeds: idsOf('seed'), excluded: idsOf('excluded') };
    }),
);

/** Seeds are those whose ids say so. */
export function populationOf(users: readonly User[]): Population {
  const seeds = new Set(users.flatMap(({ id }) => (id.startsWith('seed') ? id : [])));
  return { users, seeds, excluded: new Set() };
}

/** Seeds and those alike have three of the twelve features more often than the others. */
export function crowdOf(seedCount: number, userCount: number, seed: number, amounts?: readonly number[]): Population {
  const random = seededRandom(seed);
  const users = Array.from({ length: userCount }, (_, u) => {
    const kind = u < seedCount ? 'seed' : u < 1.5 * seedCount ? 'user alike' : 'user';
    const share = (f: number) => (f >= 3 ? 1.5 / (f + 3) : kind === 'user' ? 0.15 : 0.7);
    const features = Array.from({ length: 12 }, (__, f) => f).filter((f) => random() < share(f));
    const weights = amounts && features.map(() => amounts[Math.floor(random() * amounts.length)]);
    return { id: `${kind} ${u}`, features: features.map((f) => `feature ${f}`), weights };
  });
  return populationOf(users);
}

export function shardOf(users: readonly User[]): Shard {
  const [shard] = shardsOf(users, 1);
  return shard;
}

/** Exactly so many shards, empty ones among them, cut by the hash of the ids as the builder does. */
export function shardsOf(users: readonly User[], count: number): Shard[] {
  const builders = Array.from({ length: count }, () => new ShardBuilder());
  for (const user of users) builders[hashText(user.id) % count].add(user);
  return builders.flatMap((builder) => builder.build(2_000_000));
}

/** The embedding of everybody, as one shard. */
export function modelOf(users: readonly User[]): EmbeddingModel {
  return fitTruncatedSvd(shardOf(users), 64, 1);
}

/** The same by matrix factorisation. */
export function factorsOf(users: readonly User[]): FactorModel {
  return fitImplicitAls(shardOf(users), 64, 1);
}

export function embedded(shards: readonly Shard[], model: PointModel): Shard[] {
  return shards.map((shard) => ({ ...shard, embedding: placeUsers(shard, model) }));
}

/** What a learner sees of them, with everybody else as the others. */
export function trainingSetFor(
  { users, seeds, excluded }: Population,
  shardCount = 1,
  further: FurtherRoles = {},
): TrainingSet {
  return mergeTrainingSets(
    shardsOf(users, shardCount).map((shard) => {
      const roles = assignRoles(shard, seeds, excluded, further);
      return trainingSetOf(shard, roles, roles.background);
    }),
  );
}

/** What a user has and how much of it. */
export function weightsByFeature({ features, weights }: User): Map<string, number> {
  const pairs = features.map((feature, at) => [feature, weights?.[at] ?? 1] as const);
  return new Map(pairs.filter(([, weight]) => weight > 0));
}

export function naiveSimilarity(measure: Measure, left: User, right: User): number {
  const [a, b] = [weightsByFeature(left), weightsByFeature(right)];
  if (a.size === 0 || b.size === 0) return 0;
  if (measure === 'cosine') return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const all = [...new Set([...a.keys(), ...b.keys()])].map((name) => [a.get(name) ?? 0, b.get(name) ?? 0]);
  const sumOf = (pick: (...pair: number[]) => number) => all.reduce((sum, pair) => sum + pick(...pair), 0);
  return sumOf(Math.min) / sumOf(Math.max);
}

function dot(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  return [...a].reduce((sum, [name, weight]) => sum + weight * (b.get(name) ?? 0), 0);
}

/** One user against all seeds, pair by pair; the probability stands as its −log(1−p), and a certain seed for 1 − 10⁻⁹. */
export function naiveScore(measure: Measure, aggregate: Aggregate, user: User, seeds: readonly User[]): number {
  const similarities = seeds.map((seed) => naiveSimilarity(measure, user, seed));
  if (similarities.length === 0) return 0;
  if (aggregate === 'max') return Math.max(...similarities);
  if (aggregate === 'mean') return similarities.reduce((sum, s) => sum + s, 0) / similarities.length;
  return -Math.log(similarities.reduce((product, s) => product * (1 - Math.min(s, 1 - 1e-9)), 1));
}
