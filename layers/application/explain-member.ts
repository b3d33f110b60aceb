/** Why one user stands where he or she stands. */

import type { Shard } from '#domain/features/shard.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { fitRanker } from '#domain/ranking/rank-users.ts';
import { type Contribution, type NearestKind, reasonsOf } from '#domain/ranking/ranker.ts';
import { type Casting, castRoles, checkFurther, checkSeeds, warnOfIdleExclusions, warnOfSeeds } from './cast.ts';
import { NotFound } from './errors.ts';
import { hintOf } from './nearest-names.ts';
import type { Population } from './population.ts';
import { chooseTrainedRanker, withPoints } from './population-index.ts';
import type { Ports } from './ports.ts';
import { matchDrops, type RankingOptions, warnOfUnknownDrops } from './ranking-options.ts';
import type { Settings } from './settings.ts';

export interface Explanation {
  readonly userId: string;
  readonly role: 'candidate' | 'seed' | 'excluded';
  readonly score: number;
  /** The rank among the candidates; for a seed or an excluded user, the rank that he or she would have. */
  readonly rank: number;
  readonly candidates: number;
  readonly ranker: { readonly name: string; readonly choices: Readonly<Record<string, string>> };
  /** The features that speak for the user, strongest first; the amounts sum to the score. */
  readonly contributions: readonly Contribution[];
  /** The kind of seeds that the user is most like, where the ranker knows of kinds. */
  readonly kind?: NearestKind | undefined;
  readonly warnings: readonly string[];
}

export async function explainMember(
  ports: Ports,
  settings: Settings,
  population: Population,
  request: RankingOptions & Casting,
  userId: string,
): Promise<Explanation> {
  const chosenRanker = await chooseTrainedRanker(ports, population.manifest, request);
  const { ranker, name, choices, embedding } = chosenRanker;
  const matched = castRoles(population, request);
  checkSeeds(request.seeds, matched, settings);
  const warnings = [
    ...checkFurther(request, matched, chosenRanker.needsExposed, name),
    ...warnOfSeeds(request.seeds, matched, settings),
  ];
  const shards = embedding ? await withPoints(ports, settings, population, matched.shards, embedding) : matched.shards;
  const cast = { ...matched, shards };
  const { s, row } = placeOf(cast.shards, userId);
  const model = fitRanker(ranker, cast.shards, cast.roles);
  const [score] = ranker.score(model, cast.shards[s], Uint32Array.of(row));
  let better = 0;
  cast.shards.forEach((shard, other) => {
    const { candidates } = cast.roles[other];
    ranker.score(model, shard, candidates).forEach((rival, n) => {
      if (rival > score || (rival === score && compareTexts(shard.ids[candidates[n]], userId) < 0)) better++;
    });
  });
  return {
    userId,
    role: cast.roles[s].seeds.includes(row)
      ? 'seed'
      : cast.roles[s].candidates.includes(row)
        ? 'candidate'
        : 'excluded',
    score,
    rank: better + 1,
    candidates: cast.candidateCount,
    ranker: { name, choices },
    ...reasonsOf(ranker, model, cast.shards[s], row),
    warnings: [
      ...warnings,
      ...warnOfIdleExclusions(matched),
      ...warnOfUnknownDrops(
        population.shards.map((shard) => matchDrops(shard, request.drop)),
        request.drop,
      ),
    ],
  };
}

function placeOf(shards: readonly Shard[], userId: string): { readonly s: number; readonly row: number } {
  for (const [s, { ids }] of shards.entries()) {
    const row = ids.indexOf(userId);
    if (row >= 0) return { s, row };
  }
  const hint = hintOf(
    userId,
    shards.flatMap(({ ids }) => ids.filter((id) => id.length <= 4 * userId.length).slice(0, 100_000)),
  );
  throw new NotFound(`expected a user of the population, got ${JSON.stringify(userId)}${hint}`);
}
