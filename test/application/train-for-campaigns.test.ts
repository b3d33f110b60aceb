import { describe, expect, it } from 'vitest';
import type { Campaign } from '#application/evaluate-rankers.ts';
import { groupCampaigns } from '#application/train-for-campaigns.ts';
import { TrainingOptions } from '#application/training.ts';
import { evaluationOf, groupedPeople, populationOf, requestFor } from './people.ts';
import { bestOf } from './training-figures.ts';

const people = groupedPeople(400);
const TRAINING = TrainingOptions.parse({});
const ATTENTION = requestFor({ ranker: 'attention', binary: true });

function campaignOf(group: number, drop: readonly string[]): Campaign {
  const members = people.map(({ id }) => id).filter((_, n) => n % 4 === group);
  return { campaign: `group ${group}`, drop, seeds: members.slice(0, 50), positives: members.slice(50), ignore: [] };
}

describe('evaluate with training', () => {
  it('trains once for each list of dropped features, and says what that was worth', async () => {
    const population = await populationOf(people);
    const campaigns = [
      campaignOf(0, ['group0:0']),
      campaignOf(1, ['group1:0', 'group1:1']),
      campaignOf(2, ['group0:0']),
    ];

    const {
      training,
      campaigns: results,
      untrained,
    } = await evaluationOf(population, ATTENTION, campaigns, undefined, TRAINING);

    expect(training?.map((each) => [each.campaigns, each.dropped])).toEqual([
      [2, 1],
      [1, 2],
    ]);
    expect(results.map(({ campaign }) => campaign)).toEqual(['group 0', 'group 1', 'group 2']);
    expect(untrained?.at(-1)?.campaigns).toBe(3);
    for (const { figures } of training ?? []) {
      expect(figures.heldOut).toBeGreaterThan(0);
      expect(figures.auc).toBe(bestOf(figures));
    }
  });

  it('never learns from what a campaign drops: the same scores whatever the dropped features held', async () => {
    const campaigns = [campaignOf(0, ['group0:0', 'secret:1'])];
    const told = people.map((user, n) => (n % 4 === 0 ? { ...user, features: [...user.features, 'secret:1'] } : user));
    const means = [];
    for (const users of [people, told]) {
      const { means: found } = await evaluationOf(await populationOf(users), ATTENTION, campaigns, undefined, TRAINING);
      means.push(found);
    }

    expect(means[0]).toEqual(means[1]);
  });

  it('does not depend on how the population is cut into shards', async () => {
    const campaigns = [campaignOf(3, ['group3:1'])];
    const found = [];
    for (const cut of [1_000, 70]) {
      found.push(await evaluationOf(await populationOf(people, cut), ATTENTION, campaigns, undefined, TRAINING));
    }

    expect(found[0]).toEqual(found[1]);
  });

  it('refuses to train on people without features that enough of them have', async () => {
    const population = await populationOf(people.map(({ id }) => ({ id, features: [`own:${id}`] })));

    await expect(evaluationOf(population, ATTENTION, [campaignOf(0, [])], undefined, TRAINING)).rejects.toThrow(
      'expected features of two kinds or more, each with at least 40 users and as many others, to train on, got fewer',
    );
  });
});

describe('groups of campaigns', () => {
  it('are one for each list where lists are few, and joined where they are many, up to a fifth of all that is known', async () => {
    const { shards } = await populationOf(people);
    const features = [...new Set(people.flatMap((user) => user.features))].slice(0, 20);
    const campaigns = features.map((feature, n) => ({ ...campaignOf(0, [feature]), campaign: `${n}` }));

    expect(groupCampaigns(shards, campaigns.slice(0, 12))).toHaveLength(12);

    const groups = groupCampaigns(shards, campaigns);
    const total = people.reduce((sum, user) => sum + user.features.length, 0);
    expect(groups.flatMap(({ members }) => members)).toHaveLength(20);
    for (const { dropped, members } of groups) {
      const taken = people.reduce((sum, user) => sum + user.features.filter((name) => dropped.has(name)).length, 0);
      expect(members.length === 1 || taken / total <= 0.2).toBe(true);
      expect(new Set(members.flatMap(({ drop }) => drop))).toEqual(dropped);
    }
    expect(groups.length).toBeLessThan(20);
  });
});
