import { describe, expect, it } from 'vitest';
import { type Campaign, compareAtSize } from '#application/evaluate-rankers.ts';
import type { RankedUser } from '#domain/ranking/rank-users.ts';
import { evaluationOf, expansionOf, groupedPeople, idList, populationOf, requestFor, WAYS } from './people.ts';

const people = groupedPeople(400);

/** Half of a group are seeds, the other half hidden; some of the others must not be ranked. */
function campaignOf(group: number, changes: Partial<Campaign> = {}): Campaign {
  const members = people.map(({ id }) => id).filter((_, n) => n % 4 === group);
  const rest = people.map(({ id }) => id).filter((_, n) => n % 4 !== group);
  return {
    campaign: `group ${group}`,
    tier: group < 2 ? 'head' : 'tail',
    drop: [`group${group}:0`],
    seeds: members.slice(0, 50),
    positives: members.slice(50),
    ignore: rest.slice(0, 10),
    ...changes,
  };
}

/** The slow obvious way: every positive against every other user, ties count half. */
function naiveAuc(ranking: readonly RankedUser[], positives: ReadonlySet<string>): number {
  let [wins, pairs] = [0, 0];
  for (const hit of ranking.filter(({ id }) => positives.has(id))) {
    for (const other of ranking.filter(({ id }) => !positives.has(id))) {
      pairs++;
      wins += hit.score > other.score ? 1 : hit.score === other.score ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

describe('evaluate', () => {
  it.each(WAYS)('measures what its rankings show, for one shard and for many: $ranker $choices', async (way) => {
    const campaigns = [0, 1, 2].map((group) => campaignOf(group));
    const evaluateIn = async (maxShardUsers: number) => {
      const rankings = new Map<string, readonly RankedUser[]>();
      const population = await populationOf(people, maxShardUsers);
      const sink = (campaign: string, ranking: readonly RankedUser[]) => rankings.set(campaign, ranking);
      return { rankings, evaluation: await evaluationOf(population, requestFor(way), campaigns, sink) };
    };

    const [{ rankings, evaluation }, cut] = [await evaluateIn(1000), await evaluateIn(60)];

    expect(cut.evaluation).toEqual(evaluation);
    for (const [n, { campaign, quality, ...counts }] of evaluation.campaigns.entries()) {
      const ranking = rankings.get(campaign) ?? [];
      const positives = new Set(campaigns[n].positives);
      const hits = (count: number) => ranking.slice(0, count).filter(({ id }) => positives.has(id)).length;
      expect(counts).toEqual({ tier: campaigns[n].tier, seeds: 50, positives: 50, ranked: 340 });
      expect(quality?.auc).toBeCloseTo(naiveAuc(ranking, positives), 12);
      expect(quality?.precision).toBeCloseTo(hits(50) / 50, 12);
      expect(quality?.recall).toBeCloseTo(hits(34) / 50, 12);
      expect(quality?.lift).toBeCloseTo(hits(50) / 50 / (50 / 340), 12);
    }
  });

  it('ranks nobody who is a seed or to be ignored, and drops the campaign’s features for everybody', async () => {
    const population = await populationOf(people);
    const campaign = campaignOf(0);
    let ranked: readonly RankedUser[] = [];

    await evaluationOf(population, requestFor({ drop: ['any:1'] }), [campaign], (_, all) => (ranked = all));

    const request = requestFor({
      seeds: idList(campaign.seeds),
      exclude: [idList(campaign.ignore)],
      drop: ['any:1', 'group0:0'],
    });
    const { members } = await expansionOf(population, request);
    expect(ranked.map(({ id, score }) => [id, score])).toEqual(members.map(({ userId, score }) => [userId, score]));
  });

  it('averages over campaigns, by tier in the order of the file and over all', async () => {
    const population = await populationOf(people);
    const campaigns = [2, 0, 3, 1].map((group) => campaignOf(group));

    const { means, campaigns: results } = await evaluationOf(population, requestFor(), campaigns);

    const aucs = results.map(({ quality }) => quality?.auc ?? Number.NaN);
    expect(means.map(({ tier, campaigns: count }) => [tier, count])).toEqual([
      ['tail', 2],
      ['head', 2],
      ['all', 4],
    ]);
    expect(means[0].auc).toBeCloseTo((aucs[0] + aucs[2]) / 2, 12);
    expect(means[2].auc).toBeCloseTo(aucs.reduce((sum, auc) => sum + auc) / 4, 12);
  });

  it('refuses no seeds at all, nor few: it says what could not be measured', async () => {
    const campaigns = [
      campaignOf(0, { campaign: 'no seeds', seeds: ['ghost'] }),
      campaignOf(0, { campaign: 'nobody to find', positives: ['ghost'] }),
      campaignOf(0, { campaign: 'nobody else', ignore: people.map(({ id }) => id) }),
      campaignOf(0, { campaign: 'no tier', tier: undefined }),
    ];

    const evaluation = await evaluationOf(await populationOf(people), requestFor(), campaigns);

    expect(evaluation.campaigns.map(({ quality }) => quality?.auc)).toEqual([
      0.5,
      undefined,
      undefined,
      expect.closeTo(1, 0),
    ]);
    expect(evaluation.means.map(({ tier, campaigns: count }) => [tier, count])).toEqual([
      ['head', 1],
      ['all', 2],
    ]);
    expect(evaluation.warnings).toEqual([
      'not measured, for lack of positives or of others: "nobody to find", "nobody else"',
    ]);
  });

  it('refuses no campaigns, and an unknown ranker', async () => {
    const population = await populationOf(people);

    await expect(evaluationOf(population, requestFor(), [])).rejects.toThrow(
      'expected at least one campaign, got none',
    );
    await expect(evaluationOf(population, requestFor({ ranker: 'best' }), [campaignOf(0)])).rejects.toThrow(
      'expected a ranker',
    );
  });

  it('compares rankers at the size of one audience, beside chance', async () => {
    const population = await populationOf(people, 60);
    const campaign = campaignOf(0, { ignore: [] });

    const { chance, rankers } = compareAtSize(
      population,
      [requestFor(), requestFor({ ranker: 'similarity' })],
      campaign,
      100,
    );

    expect(chance?.auc).toBeGreaterThan(0.4);
    expect(chance?.auc).toBeLessThan(0.6);
    for (const quality of rankers) {
      expect(quality?.auc).toBeGreaterThan(0.9);
      expect(quality?.recall).toBeCloseTo((quality?.precision ?? 0) * 2, 12);
      expect(quality?.lift).toBeCloseTo((quality?.precision ?? 0) / (50 / 350), 12);
    }
  });
});
