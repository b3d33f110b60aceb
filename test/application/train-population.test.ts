import { describe, expect, it } from 'vitest';
import { Invalid, NotFound } from '#application/errors.ts';
import type { Manifest } from '#application/manifest.ts';
import { deletePopulation } from '#application/population.ts';
import { readScorer } from '#application/population-index.ts';
import type { Ports } from '#application/ports.ts';
import { trainPopulation } from '#application/train-population.ts';
import { ScorerCard } from '#application/train-scorer.ts';
import { TrainingOptions, type TrainingProgress } from '#application/training.ts';
import { fieldOf, type User } from '#domain/features/shard.ts';
import {
  SETTINGS as DEFAULTS,
  emptySite,
  expansionOf,
  explanationOf,
  groupedPeople,
  ingested,
  opened,
  requestFor,
  type Site,
  TASTES,
  tastedPeople,
  unwatched,
} from './people.ts';
import { bestOf } from './training-figures.ts';

const people = tastedPeople(1_200);
/** The untrained scorer cannot be better. */
const plain = groupedPeople(400);
const SETTINGS = { ...DEFAULTS, dimensions: 24 };

/** A clock that goes on by so many milliseconds each time that it is looked at. */
function clockOf(step = 0): () => number {
  let now = 0;
  return () => {
    now += step;
    return now;
  };
}

function train(
  { ports }: { readonly ports: Ports },
  given: Partial<TrainingOptions> = {},
  watch: (progress: TrainingProgress) => void = () => {},
  clock = clockOf(),
) {
  const options = TrainingOptions.parse({ epochs: 4, items: TASTES, points: 'stored', ...given });
  return trainPopulation(ports, SETTINGS, 'people', { options, clock, watch }, unwatched);
}

async function siteWith(users: readonly User[], maxShardUsers = 250_000): Promise<Site> {
  const site = emptySite();
  await ingested(site, users, { settings: { ...SETTINGS, maxShardUsers } });
  return site;
}

async function manifestIn({ ports }: Site): Promise<Manifest> {
  const manifest = await ports.catalog.manifest('people');
  if (!manifest) throw new Error('expected a population, got none');
  return manifest;
}

async function scorerIn(site: Site) {
  const entry = (await manifestIn(site)).index?.scorer;
  return entry && readScorer(site.ports, entry);
}

describe('training a population', () => {
  it('makes a new generation of the same users, with a scorer and its card', async () => {
    const site = await siteWith(people);
    const before = await manifestIn(site);

    const report = await train(site);

    const after = await manifestIn(site);
    expect([report.generation, after.generation, after.users]).toEqual([2, 2, before.users]);
    expect(after.shards.map(({ sha256 }) => sha256)).toEqual(before.shards.map(({ sha256 }) => sha256));
    expect(after.index?.model.sha256).toBe(before.index?.model.sha256);
    const scorer = await scorerIn(site);
    expect(scorer?.scorer.weights?.dimensions).toBe(SETTINGS.dimensions);
    expect(ScorerCard.parse(JSON.parse(scorer?.card ?? ''))).toEqual(report.training);
    const { figures, data, settings } = report.training;
    expect(data).toMatchObject({ population: 'people', generation: 2, users: 1_200, sampled: 1_200 });
    expect(settings).toMatchObject({ items: TASTES, epochs: 4, seed: 1, clusters: 20, rate: 0.001 });
    expect(figures.auc).toBe(bestOf(figures));
    expect(figures.auc).toBeGreaterThan(figures.untrained);
    expect(await site.ports.objects.list('parts/')).toEqual([]);
  });

  it('is what attention ranks and explains by from then on, unless something is taken away or it is told not to', async () => {
    const site = await siteWith(people);
    const request = requestFor({ ranker: 'attention', size: '50' });
    const before = await expansionOf(await opened(site), request);
    await train(site);
    const population = await opened(site);

    const after = await expansionOf(population, request);

    expect(before.report.ranker.choices).toEqual({ embedding: 'svd', scorer: 'untrained' });
    expect(after.report.ranker.choices).toEqual({ embedding: 'svd', scorer: 'trained' });
    expect(after.members).not.toEqual(before.members);
    const first = after.members[0];
    const explanation = await explanationOf(population, request, first.userId);
    expect([explanation.score, explanation.rank]).toEqual([first.score, 1]);
    for (const other of [
      { choices: { scorer: 'untrained' } },
      { drop: ['taste0:1'] },
      { binary: true },
      { choices: { embedding: 'als' } },
    ]) {
      const { ranker } = (await expansionOf(population, { ...request, ...other })).report;
      expect(ranker.choices.scorer).not.toBe('trained');
    }
    const untrained = await expansionOf(population, { ...request, choices: { scorer: 'untrained' } });
    expect(untrained.members).toEqual(before.members);
  });

  it('learns points of its own where that is better or wanted, and ranks by them; the same for any cut into shards', async () => {
    const scorers = [];
    for (const cut of [250_000, 400]) {
      const site = await siteWith(people, cut);
      const { training } = await train(site, { points: 'learned', epochs: 2 });
      const { figures } = training;
      expect(figures.points).toBe('learned');
      expect(figures.learned?.losses.length).toBe(8);
      expect(figures.learned?.losses.at(-1)).toBeLessThan(figures.learned?.losses[0] ?? 0);
      scorers.push((await scorerIn(site))?.scorer);
      const population = await opened(site);
      const audience = await expansionOf(population, requestFor({ ranker: 'attention', size: '50' }));
      expect(audience.report.ranker.choices.scorer).toBe('trained');
      const first = audience.members[0];
      const explanation = await explanationOf(population, requestFor({ ranker: 'attention' }), first.userId);
      expect([explanation.rank, explanation.score]).toEqual([1, first.score]);
      expect(explanation.kind?.features.length).toBeGreaterThan(0);
    }

    expect(scorers[0]?.representation).toBeDefined();
    expect(scorers[1]).toEqual(scorers[0]);
    const chosen = await siteWith(people);
    const { figures } = (await train(chosen, { points: 'chosen', epochs: 2 })).training;
    expect(figures.auc).toBe(bestOf(figures));
  });

  it('comes to the same for any cut into shards, and again', async () => {
    const scorers = [];
    for (const cut of [250_000, 130]) {
      const site = await siteWith(people, cut);
      await train(site);
      scorers.push(await scorerIn(site));
      await train(site);
      expect((await scorerIn(site))?.scorer).toEqual(scorers.at(-1)?.scorer);
    }

    expect(scorers[1]?.scorer).toEqual(scorers[0]?.scorer);
  });

  it('tells of every epoch, and goes on where it was stopped', async () => {
    const whole = await siteWith(people);
    const told: TrainingProgress[] = [];
    await train(whole, {}, (progress) => told.push(progress));
    expect(told.map(({ epoch }) => epoch)).toEqual([...told.keys()]);
    expect(told[0].loss).toBeUndefined();
    expect(told.at(-1)?.loss).toBeGreaterThan(0);

    const site = await siteWith(people);
    const stop = (progress: TrainingProgress) => {
      if (progress.epoch === 2) throw new Error('killed');
    };
    await expect(train(site, {}, stop)).rejects.toThrow('killed');
    expect((await manifestIn(site)).generation).toBe(1);
    const resumed: number[] = [];
    await train(site, {}, ({ epoch }) => resumed.push(epoch));

    expect(resumed[0]).toBe(2);
    expect((await scorerIn(site))?.scorer).toEqual((await scorerIn(whole))?.scorer);
  });

  it('leaves nothing of a training that was stopped where its population is deleted', async () => {
    const site = await siteWith(people);
    const stop = (progress: TrainingProgress) => {
      if (progress.epoch === 1) throw new Error('killed');
    };
    await expect(train(site, {}, stop)).rejects.toThrow('killed');
    expect(await site.ports.objects.list('parts/people/')).toHaveLength(1);

    await deletePopulation(site.ports, 'people');

    expect(await site.ports.objects.list('')).toEqual([]);
  });

  it('begins no epoch when its time is over, keeps the best, and can be gone on with', async () => {
    const site = await siteWith(people);

    const { training } = await train(site, { minutes: 1 }, () => {}, clockOf(9_000));

    expect(training.figures.stored.ended).toBe('out of time');
    const done = training.figures.stored.epochs.length - 1;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(4);
    const resumed: number[] = [];
    await train(site, { minutes: 2 }, ({ epoch }) => resumed.push(epoch));
    expect(resumed[0]).toBe(done);
  });

  it('learns from the features of the given fields, and from none that is to be dropped', async () => {
    const site = await siteWith(people);
    const all = (await train(site, { items: [] })).training.figures;

    const some = (await train(site, { items: ['taste1', 'taste2'] })).training.figures;
    const fewer = (await train(site, { items: ['taste1', 'taste2'], drop: ['taste1:0', 'taste2:5'] })).training.figures;

    const counts = new Map<string, number>();
    for (const feature of people.flatMap(({ features }) => features))
      counts.set(feature, (counts.get(feature) ?? 0) + 1);
    const known = [...counts].filter(([, count]) => count >= 40).map(([feature]) => feature);
    const wanted = known.filter((feature) => ['taste1', 'taste2'].includes(fieldOf(feature)));
    expect(all.campaigns + all.heldOut).toBe(known.length);
    expect(some.campaigns + some.heldOut).toBe(wanted.length);
    expect(fewer.campaigns + fewer.heldOut).toBe(
      wanted.filter((feature) => !['taste1:0', 'taste2:5'].includes(feature)).length,
    );
  });

  it('keeps the untrained scorer where nothing is better, says so, and tries again with the next ingest', async () => {
    const site = await siteWith(plain);

    const { training } = await train(site, { items: [] });

    expect(training.figures.stored.kept).toBe(-1);
    expect(await scorerIn(site)).toEqual({ scorer: {}, card: JSON.stringify(training) });
    const { ranker } = (await expansionOf(await opened(site), requestFor({ ranker: 'attention' }))).report;
    expect(ranker.choices.scorer).toBe('untrained');
    const again = { options: TrainingOptions.parse({ epochs: 1 }), clock: clockOf(), watch: () => {} };
    const { training: next } = await ingested(site, plain, { training: { ...again, when: 'auto' } });
    expect(next?.data.generation).toBe(3);
  });

  it('learns points of concatenated fields where that is wanted, says so, and does the same with the next ingest', async () => {
    const site = await siteWith(people);
    const { training: card } = await train(site, { points: 'learned', merge: 'concatenation', epochs: 1 });

    expect(card.settings).toMatchObject({ merge: 'concatenation', representation: { attention: 0, hidden: 128 } });
    const { figures } = card;
    expect(figures.learned?.losses.at(-1)).toBeLessThan(figures.learned?.losses[0] ?? 0);
    const representation = (await scorerIn(site))?.scorer.representation;
    expect(representation?.shape).toMatchObject({ merge: 'concatenation', attention: 0 });
    expect(representation?.weights.hidden.length).toBe(128 * SETTINGS.dimensions * (representation?.fieldCount ?? 0));
    const { members } = await expansionOf(await opened(site), requestFor({ ranker: 'attention', size: '9' }));
    expect(members.every(({ score }) => Number.isFinite(score))).toBe(true);
    const again = { clock: clockOf(), watch: () => {}, when: 'auto' } as const;
    const { training: next } = await ingested(site, people.slice(0, 5), { training: again });
    expect(next?.settings.merge).toBe('concatenation');
  });

  it('was by attention where a card of before does not say', async () => {
    const { training: card } = await train(await siteWith(people), { epochs: 0 });
    const { merge, ...settings } = card.settings;

    expect(merge).toBe('attention');
    expect(ScorerCard.parse({ ...card, settings }).settings.merge).toBe('attention');
  });

  it('trains people of one field as any others, on stored points and on learned ones', async () => {
    const oneField = people.map(({ id, features }) => ({ id, features: features.map((name) => `all:${name}`) }));
    const site = await siteWith(oneField);

    const { figures } = (await train(site, { items: [], points: 'learned', epochs: 1 })).training;

    expect(figures.points).toBe('learned');
    expect(figures.learned?.losses.at(-1)).toBeLessThan(figures.learned?.losses[0] ?? 0);
    expect((await scorerIn(site))?.scorer.representation?.fieldCount).toBe(1);
    const { members } = await expansionOf(await opened(site), requestFor({ ranker: 'attention', size: '9' }));
    expect(members.every(({ score }) => Number.isFinite(score))).toBe(true);
  });

  it('refuses, in one sentence, fields that there are not, people with nothing in common, and nobody', async () => {
    const site = await siteWith(people);
    const strangers = await siteWith(people.map(({ id }) => ({ id, features: [`own:${id}`] })));

    await expect(train(site, { items: ['taste9'] })).rejects.toThrow(
      'expected items to be fields of the population, got "taste9" (nearest: "taste0"',
    );
    await expect(train(strangers, { items: [] })).rejects.toThrow(
      new Invalid(
        'expected features of two kinds or more, each with at least 40 users and as many others, to train on, got fewer',
      ),
    );
    await expect(train(emptySite())).rejects.toThrow(NotFound);
    expect((await manifestIn(site)).generation).toBe(1);
  });

  it('is done again by an ingest where it was done before, or where that is wanted; and left out where it cannot be', async () => {
    const site = await siteWith(people);
    expect((await manifestIn(site)).index?.scorer).toBeUndefined();
    const options = TrainingOptions.parse({ epochs: 1 });
    const training = { options, clock: clockOf(), watch: () => {} };
    await ingested(site, people.slice(0, 5), { training: { ...training, when: 'auto' } });
    expect((await manifestIn(site)).index?.scorer).toBeUndefined();

    const always = await ingested(site, people.slice(0, 5), { training: { ...training, when: 'always' } });
    const auto = await ingested(site, people.slice(0, 5), { training: { ...training, when: 'auto' } });

    expect([always.training?.data.generation, auto.training?.data.generation]).toEqual([3, 4]);
    expect((await manifestIn(site)).index?.scorer).toBeDefined();
    await train(site, { items: ['taste1', 'taste2'], drop: ['taste1:0'], epochs: 2 });
    const alike = await ingested(site, people.slice(0, 5), {
      training: { clock: clockOf(), watch: () => {}, when: 'auto' },
    });
    expect(alike.training?.settings).toMatchObject({ items: ['taste1', 'taste2'], drop: ['taste1:0'], epochs: 2 });

    const own = people.map(({ id }) => ({ id, features: [`own:${id}`] }));
    const left = await ingested(site, own, { mode: 'replace', training: { ...training, when: 'auto' } });
    expect(left.training).toBeUndefined();
    expect((await manifestIn(site)).index?.scorer).toBeUndefined();
  });

  it('says of a damaged scorer what is damaged', async () => {
    const site = await siteWith(people);
    await train(site);
    const name = (await manifestIn(site)).index?.scorer?.name ?? '';
    await site.ports.objects.write(name, new Uint8Array(9));

    await expect(expansionOf(await opened(site), requestFor({ ranker: 'attention' }))).rejects.toThrow(
      `${name}: the trained scorer is damaged`,
    );
  });
});
