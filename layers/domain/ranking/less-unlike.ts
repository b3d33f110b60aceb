/**
 * Any ranker, with people not to resemble: a user's score is how like the seeds he or she is, less how like those others,
 * both by that ranker. So whatever speaks for both alike cancels out.
 */
import { type Shard, userAt } from '../features/shard.ts';
import { compareTexts } from '../features/text-order.ts';
import type { Contribution, Ranker } from './ranker.ts';

interface Both<Part> {
  readonly like: Part;
  readonly unlike: Part;
}

export function lessUnlike<Evidence, Model>(ranker: Ranker<Evidence, Model>): Ranker<Both<Evidence>, Both<Model>> {
  return {
    name: ranker.name,
    gather: (shard, roles) => ({
      like: ranker.gather(shard, roles),
      unlike: ranker.gather(shard, { ...roles, seeds: roles.unlike }),
    }),
    fit: (evidence) => ({
      like: ranker.fit(evidence.map(({ like }) => like)),
      unlike: ranker.fit(evidence.map(({ unlike }) => unlike)),
    }),
    score({ like, unlike }, shard, rows) {
      const against = ranker.score(unlike, shard, rows);
      return ranker.score(like, shard, rows).map((score, n) => score - against[n]);
    },
    explain({ like, unlike }, shard, row) {
      const own = new Set(userAt(shard, row).features);
      // Other reasons, such as a cluster, are each half's own, whatever they are called.
      const against = ranker
        .explain(unlike, shard, row)
        .map(({ feature, amount }) => ({ feature: own.has(feature) ? feature : `unlike ${feature}`, amount }));
      return merged(ranker.explain(like, shard, row), against);
    },
    ...(ranker.nearestKind
      ? { nearestKind: ({ like }: Both<Model>, shard: Shard, row: number) => ranker.nearestKind?.(like, shard, row) }
      : {}),
    // Those of the seeds' half: with both, each fold would take as long again.
    ...(ranker.trials ? { trials: ({ like }: Both<Model>) => ranker.trials?.(like) } : {}),
  };
}

function merged(like: readonly Contribution[], unlike: readonly Contribution[]): Contribution[] {
  const amounts = new Map(like.map(({ feature, amount }) => [feature, amount]));
  for (const { feature, amount } of unlike) amounts.set(feature, (amounts.get(feature) ?? 0) - amount);
  return [...amounts]
    .map(([feature, amount]) => ({ feature, amount }))
    .filter(({ amount }) => amount !== 0)
    .sort((left, right) => right.amount - left.amount || compareTexts(left.feature, right.feature));
}
