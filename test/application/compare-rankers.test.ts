import { describe, expect, it } from 'vitest';
import { type Comparison, compareRankers, overall } from '#application/compare-rankers.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';
import { shardsOf } from '../domain/populations.ts';
import { groupedPeople, groupIds, SETTINGS } from './people.ts';

const people = groupedPeople(400);
const population = { name: 'people', generation: 1, shards: shardsOf(people, 2), sha256: [] };
const ids = groupIds(100);
const campaigns = [
  { campaign: 'group 0', tier: 'head', drop: [], seeds: ids.slice(0, 50), positives: ids.slice(50), ignore: [] },
];
const options = { ranker: 'all', choices: {}, drop: [], binary: true, seed: 1 };

let ticks = 0;
const clock = () => 1000 * ticks++;
const compared: Comparison = await compareRankers(SETTINGS, population, options, campaigns, clock, () => {});

describe('all rankers side by side', () => {
  it('are every ranker of the registry, auto first', () => {
    const names = compared.rankers.map(({ title }) => title.split(' ')[0]);

    expect(new Set(names)).toEqual(new Set(RANKERS.map(({ name }) => name)));
    expect(names[0]).toBe('auto');
  });

  it('all find the planted group, measured over all campaigns', () => {
    const aucs = compared.rankers.map((contender) => overall(contender)?.auc ?? 0);

    expect(Math.min(...aucs)).toBeGreaterThan(0.5);
  });

  it('are marked for what they beat auto in, and auto for nothing', () => {
    const auto = overall(compared.rankers[0]);
    const better = compared.rankers.map((contender) => (overall(contender)?.auc ?? 0) > (auto?.auc ?? 0));

    expect(compared.rankers.map(({ beatsAuto }) => beatsAuto.includes('AUC'))).toEqual(better);
    expect(compared.rankers[0].beatsAuto).toEqual([]);
  });

  it('take the time of a campaign by the clock that they are given', () => {
    expect(compared.rankers.map(({ seconds }) => seconds)).toEqual(compared.rankers.map(() => 1));
  });

  it('refuse the options of a single one', async () => {
    const asked = compareRankers(
      SETTINGS,
      population,
      { ...options, choices: { filter: 'half' } },
      campaigns,
      clock,
      () => {},
    );

    await expect(asked).rejects.toThrow('expected no options of a ranker with all of them, got filter');
  });
});
