/** Live audiences: seeds that grow, scores that follow after one refresh, and nothing lost whoever comes at once or breaks off. */
import { describe, expect, it } from 'vitest';
import { NotFound } from '#application/errors.ts';
import { forgetPopulation } from '#application/expansion/requested-expansion.ts';
import { addSeeds } from '#application/live/add-seeds.ts';
import { lifeFolder, liveRecord } from '#application/live/live-audience.ts';
import { gatherSeeds } from '#application/live/live-seeds.ts';
import { markOverdue, RefreshRequest, refreshByHand } from '#application/live/pending-refresh.ts';
import { refreshAudience } from '#application/live/refresh-audience.ts';
import type { LivePorts } from '#application/ports.ts';
import { TrainingOptions } from '#application/training.ts';
import { drop } from '../conductor.ts';
import {
  expansionOf,
  groupedPeople,
  groupIds,
  idList,
  ingested,
  opened,
  requestFor,
  TASTES,
  tastedPeople,
} from '../people.ts';
import { LIVE, type LiveSite, liveSite, SPRING } from './live-site.ts';

const EVERYBODY = groupedPeople(600).map(({ id }) => id);
/** Of the second group. */
const OTHERS = Array.from({ length: 150 }, (_, n) => `u${4 * n + 1}`);

async function seedsOf({ ports, now }: LiveSite): Promise<readonly string[]> {
  const { life } = await liveRecord(ports, SPRING);
  return (await gatherSeeds(ports, lifeFolder(SPRING, life), LIVE.liveSeeds, now)).ids;
}

function expanded(site: LiveSite, ids: readonly string[], ranker: string, choices = {}) {
  return opened(site.stage).then((population) =>
    expansionOf(population, requestFor({ ranker, choices, seeds: idList(ids), evidence: 'none' }), LIVE),
  );
}

describe('a live audience', () => {
  it('is begun once, and nobody answers for it before it has seeds', async () => {
    const site = await liveSite();

    expect([await site.begin(), await site.begin({ ...SPRING, audience: 'summer' })]).toEqual([false, true]);
    expect(await site.status()).toEqual({ ...SPRING, answeredBy: 'nobody', isBehind: false });
    await expect(site.scores(['u1'])).rejects.toThrow(
      'people/spring: expected an audience that has taken up seeds, got one without seeds',
    );
  });

  it.each([
    ['attention', 120, 'untrained attention', 'attention', {}],
    ['the mean cosine where seeds are few', 60, 'fallback', 'similarity', { space: 'embedding' }],
  ])('gives the very scores of an expansion: by %s', async (_, count, answeredBy, ranker, choices) => {
    const site = await liveSite();
    const seeds = groupIds(count);
    await site.add(seeds);
    await site.later(300);

    const { scores, unknown, ...told } = await site.scores(EVERYBODY);

    const { members } = await expanded(site, seeds, ranker, choices);
    const byId = new Map(scores.map(({ userId, score }) => [userId, score]));
    expect(members.map(({ userId }) => byId.get(userId))).toEqual(members.map(({ score }) => score));
    expect(members).toHaveLength(600 - count);
    expect([scores.map(({ userId }) => userId), unknown]).toEqual([EVERYBODY, []]);
    expect(told).toEqual({ answeredBy, generation: 1, refreshed: site.now });
  });

  it.each(['stored', 'learned'] as const)(
    'gives the very scores of an expansion by what the population’s scorer has learned, on %s points',
    async (points) => {
      const settings = { ...LIVE, dimensions: 24, maxShardUsers: 400 };
      const site = await liveSite(settings);
      const tasted = tastedPeople(1_200);
      const options = TrainingOptions.parse({ epochs: 2, items: TASTES, points });
      const training = { when: 'always', options, clock: () => 0, watch: () => {} } as const;
      await ingested(site.stage, tasted, { settings, mode: 'replace', training });
      const seeds = Array.from({ length: 100 }, (_, n) => `u${12 * n}`);
      await site.add(seeds);
      await site.later(300);

      const { scores, answeredBy } = await site.scores(tasted.map(({ id }) => id).slice(0, 1_000));

      const { members, report } = await expanded(site, seeds, 'attention');
      expect([answeredBy, report.ranker.choices.scorer]).toEqual(['trained attention', 'trained']);
      const byId = new Map(members.map(({ userId, score }) => [userId, score]));
      const others = scores.filter(({ userId }) => !seeds.includes(userId));
      expect(others.length).toBeGreaterThan(800);
      expect(others.map(({ score }) => score)).toEqual(others.map(({ userId }) => byId.get(userId)));
    },
  );

  it('changes its scores after one refresh, and not before', async () => {
    const site = await liveSite();
    await site.add(groupIds(110));
    expect(await site.later(299)).toEqual([]);
    await expect(site.scores(['u1'])).rejects.toThrow('got one whose first refresh is still to come');
    expect(await site.later(1)).toEqual(['refreshed']);
    const first = await site.scores(EVERYBODY);

    await site.add(OTHERS);
    expect(await site.later(299)).toEqual([]);
    expect(await site.scores(EVERYBODY)).toEqual(first);
    expect(await site.later(1)).toEqual(['refreshed']);
    const second = await site.scores(EVERYBODY);

    const meanOf = ({ scores }: typeof first, ids: readonly string[]) =>
      scores.filter(({ userId }) => ids.includes(userId)).reduce((sum, { score }) => sum + score, 0) / ids.length;
    expect(meanOf(second, OTHERS)).toBeGreaterThan(meanOf(first, OTHERS) + 0.1);
    expect(await site.later(3_600)).toEqual([]);
  });

  it('says how it stands', async () => {
    const site = await liveSite();
    const { due, added } = await site.add([...groupIds(30), 'u49', 'x1', 'x2', 'x1']);
    expect([added, due]).toEqual([33, site.now + 300_000]);
    expect(await site.status()).toMatchObject({ answeredBy: 'nobody', pending: { due } });
    await site.later(300);

    expect(await site.status()).toEqual({
      ...SPRING,
      answeredBy: 'fallback',
      // Every fiftieth has no features: u49 alone of these.
      refreshed: { at: site.now, generation: 1, known: 31, unknown: 2, withoutFeatures: 1 },
      isBehind: false,
    });
  });

  it('is refused where no seed is of use, and says of which kind they are', async () => {
    const site = await liveSite();
    await site.add(['x1', 'x2', 'u49']);
    await site.later(300);

    await expect(site.scores(['u1'])).rejects.toThrow(
      'people/spring: expected seeds that are users of the population and have features, got 3 of whom 2 are unknown and 1 have no features',
    );
  });

  it('lists who is unknown, and answers the rest, each once', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);

    const { scores, unknown } = await site.scores(['x1', 'u5', '', 'u49', 'u5', 'u4', 'x1']);

    expect(scores.map(({ userId }) => userId)).toEqual(['u5', 'u49', 'u4']);
    expect(scores[1].score).toBe(0); // lies nowhere
    expect(unknown).toEqual(['x1', '']);
  });

  it('takes seeds from a list that was uploaded', async () => {
    const site = await liveSite();
    await drop(site.stage.ports, 'seeds/people/lists/best.csv', `id\n${groupIds(120).join('\n')}\n`);

    expect(await addSeeds(site.ports, LIVE, SPRING, { seeds: { list: 'best.csv' } }, site.now)).toMatchObject({
      added: 120,
    });
    await expect(addSeeds(site.ports, LIVE, SPRING, { seeds: { list: 'no.csv' } }, site.now)).rejects.toThrow(
      'expected a list that was uploaded, got "no.csv"',
    );
    await site.later(300);
    expect(await site.status()).toMatchObject({ refreshed: { known: 120 } });
  });

  it('keeps the newest seeds up to its bound, an id that came again among the new ones', async () => {
    const site = await liveSite({ ...LIVE, liveSeeds: 100 });
    await site.add(['old1', 'old2', ...groupIds(98)]);
    await site.later(1);
    await site.add(['old2', 'new1', 'new2']);
    await site.later(300);

    const { refreshed } = await site.status();
    expect((refreshed?.known ?? 0) + (refreshed?.unknown ?? 0)).toBe(100);
    const { life } = await liveRecord(site.ports, SPRING);
    const { ids } = await gatherSeeds(site.ports, lifeFolder(SPRING, life), 100, site.now);
    expect(ids).toEqual(expect.arrayContaining(['old2', 'new1', 'new2']));
  });

  it('opens just the shards where the users are', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);
    const read: string[] = [];
    const { nearby: near } = site.ports;
    const nearby: LivePorts['nearby'] = (objects) => ({
      ...near(objects),
      read(name) {
        read.push(name);
        return objects.read(name);
      },
    });
    Object.assign(site.ports, { nearby });

    await site.scores(['u1']);
    expect(read).toHaveLength(1);
    await site.scores(EVERYBODY);
    expect(new Set(read).size).toBe(read.length);
    expect(read.length).toBe((await site.ports.catalog.manifest('people'))?.shards.length);
    await site.scores(EVERYBODY);
    expect(read.length).toBeGreaterThan(4);
    expect(new Set(read).size).toBe(read.length);
  });

  it('finds everybody where an older manifest does not say who is where', async () => {
    const site = await liveSite();
    const manifest = await site.ports.catalog.manifest('people');
    if (!manifest) throw new Error('expected a manifest');
    const { cut: _cut, ...rest } = manifest;
    const shards = manifest.shards.map(({ part: _part, ...entry }) => entry);
    await site.ports.catalog.publish({ ...rest, shards, generation: 2 });
    await site.add(groupIds(120));
    await site.later(300);

    const { scores, unknown } = await site.scores([...EVERYBODY.slice(0, 200), 'x']);

    expect([scores.length, unknown]).toEqual([200, ['x']]);
    expect(await site.status()).toMatchObject({ refreshed: { known: 120, unknown: 0 } });
  });
});

describe('a new generation', () => {
  it('is not compared with what was learned of the one before, and is taken up by the next refresh', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);
    const before = await site.scores(EVERYBODY);
    // Other features for all, so that the same points mean nothing.
    await site.ingest(groupedPeople(700, 2));

    expect(await site.scores(EVERYBODY)).toEqual(before);
    expect((await site.scores(['u650'])).unknown).toEqual(['u650']);
    expect(await site.status()).toMatchObject({ isBehind: true, pending: { due: site.now + 300_000 } });
    expect(await site.later(300)).toEqual(['refreshed']);

    const after = await site.scores([...EVERYBODY, 'u650']);
    expect(after).toMatchObject({ generation: 2, unknown: [] });
    const { members } = await expanded(site, groupIds(120), 'attention');
    const byId = new Map(after.scores.map(({ userId, score }) => [userId, score]));
    for (const { userId, score } of members.slice(0, 300)) {
      if (byId.has(userId)) expect(byId.get(userId)).toBe(score);
    }
    expect(await site.status()).toMatchObject({ isBehind: false });
  });

  it('that swept up the points is waited for, at once', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);
    await site.ingest(groupedPeople(600, 2));
    await site.add(['u1']);
    await site.ingest(groupedPeople(600, 3));

    await expect(site.scores(['u1'])).rejects.toThrow(
      'people/spring: expected an audience that was refreshed by generation 3 or the one before, got one of 1; its refresh was asked for, so ask again in a minute',
    );
    expect(await site.later(0)).toEqual(['refreshed']);
    expect(await site.scores(['u1'])).toMatchObject({ generation: 3 });
  });

  it('is no caller’s mistake where it sweeps up points while they are read', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);
    const { catalog } = site.ports;
    let manifests = 0;
    const stale = await catalog.manifest('people');
    await site.ingest(groupedPeople(600, 2));
    await site.ingest(groupedPeople(600, 3));
    // The first look is from before.
    Object.assign(site.ports, {
      catalog: { ...catalog, manifest: async (name: string) => (manifests++ === 0 ? stale : catalog.manifest(name)) },
    });

    await expect(site.scores(['u1'])).rejects.toThrow('expected an audience that was refreshed by generation 3');

    manifests = 0;
    const request = await refreshByHand(site.ports, SPRING, site.now);
    await site.add(['x9']);
    await expect(refreshAudience(site.ports, LIVE, request, site.now)).rejects.toThrow(
      'its generation 1 was replaced meanwhile',
    );
    expect(await refreshAudience(site.ports, LIVE, request, site.now)).toBe('refreshed');
  });
});

describe('a refresh', () => {
  it('is asked for once, however many seeds come meanwhile, and is not made where nothing changed', async () => {
    const site = await liveSite();
    await Promise.all(groupIds(40).map((id) => site.add([id])));
    await site.later(100);
    await site.add(groupIds(120));

    expect(await site.later(200)).toEqual(['refreshed']);
    expect(await site.later(10_000)).toEqual([]);
    expect(await seedsOf(site)).toHaveLength(120);
    expect(await refreshAudience(site.ports, LIVE, await refreshByHand(site.ports, SPRING, site.now), site.now)).toBe(
      'unchanged',
    );
    expect((await site.status()).pending).toBeUndefined();
  });

  it('that was lost is asked for again by the next who adds, and by the next who scores', async () => {
    const site = await liveSite();
    await site.add(groupIds(110));
    await site.later(300);
    for (const again of [() => site.add(['u1']), () => site.scores(['u1'])]) {
      site.losesMessages = true;
      await site.add(OTHERS);
      site.losesMessages = false;
      expect(await site.later(360)).toEqual([]);
      await again();
      expect(await site.later(300)).toEqual([]); // not late enough
      await site.later(61);
      await again();
      expect(await site.later(300)).toEqual(['refreshed']);
    }
  });

  it('whose message could not be sent is asked for again at once by who adds again', async () => {
    let isBroken = true;
    const site = await liveSite(LIVE, (ports) => ({
      ...ports,
      messages: {
        async send(message, delay) {
          if (isBroken) throw new Error('the line broke');
          await ports.messages.send(message, delay);
        },
      },
    }));
    await expect(site.add(groupIds(120))).rejects.toThrow('the line broke');
    isBroken = false;
    await site.add(groupIds(120));

    expect(await site.later(300)).toEqual(['refreshed']);
    expect(await seedsOf(site)).toHaveLength(120);
  });

  it('whose message comes twice is made once', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    const { life, pending } = await liveRecord(site.ports, SPRING);
    await site.later(300);

    const request = RefreshRequest.parse({ ...SPRING, life, token: pending?.token });
    expect(await refreshAudience(site.ports, LIVE, request, site.now)).toBe('known');
  });

  it('that died is made again by the same message, or asked for by the next who adds', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    const { life, pending } = await liveRecord(site.ports, SPRING);
    const request = RefreshRequest.parse({ ...SPRING, life, token: pending?.token });
    const { catalog } = site.ports;
    const dying = { ...site.ports, catalog: { ...catalog, manifest: () => Promise.reject(new Error('died')) } };

    await expect(refreshAudience(dying, LIVE, request, site.now)).rejects.toThrow('died');
    expect(await refreshAudience(site.ports, LIVE, request, site.now)).toBe('refreshed');

    await site.add(['u1']);
    const second = RefreshRequest.parse({ ...request, token: (await liveRecord(site.ports, SPRING)).pending?.token });
    await expect(refreshAudience(dying, LIVE, second, site.now)).rejects.toThrow('died');
    await markOverdue(site.ports, second);
    await site.scores(['u1']);
    expect(await site.later(300)).toContain('refreshed');
  });

  it('takes up what is added while it is made by the next one', async () => {
    const site = await liveSite();
    await site.add(groupIds(110));
    const { objects } = site.ports;
    let isFirst = true;
    const slow = {
      ...objects,
      async list(prefix: string) {
        const names = await objects.list(prefix);
        if (isFirst && prefix.endsWith('seeds/')) {
          isFirst = false;
          await addSeeds({ ...site.ports, objects }, LIVE, SPRING, { seeds: OTHERS }, site.now);
        }
        return names;
      },
    };
    Object.assign(site.ports, { objects: slow });

    expect(await site.later(300)).toEqual(['refreshed']);
    expect(await site.status()).toMatchObject({ refreshed: { known: 110 } });
    expect(await site.later(300)).toEqual(['refreshed']);
    expect(await site.status()).toMatchObject({ refreshed: { known: 260 } });
  });

  it('of several at once leaves one answer, all seeds, and no more than two models', async () => {
    const site = await liveSite();
    for (let round = 1; round <= 4; round++) {
      const ids = groupIds(30 * round + 10);
      await Promise.all(ids.map((id) => site.add([id])));
      const request = await refreshByHand(site.ports, SPRING, site.now);
      await Promise.all([1, 2, 3].map((after) => refreshAudience(site.ports, LIVE, request, site.now + after)));

      expect(await site.status()).toMatchObject({ refreshed: { known: ids.length, unknown: 0 } });
      expect((await site.scores(EVERYBODY)).scores).toHaveLength(600);
    }
    expect(await seedsOf(site)).toHaveLength(130);
  });
});

describe('many at once', () => {
  it('add and score, and nothing is lost', async () => {
    const site = await liveSite();
    await site.add(groupIds(100));
    await site.later(300);
    const calls = Array.from({ length: 20 }, (_, n) => async () => {
      await site.add(OTHERS.slice(5 * n, 5 * n + 5));
      await site.later(n % 5 === 0 ? 300 : 0);
      return (await site.scores(EVERYBODY)).scores.length;
    });

    expect(new Set(await Promise.all(calls.map((call) => call())))).toEqual(new Set([600]));

    await site.later(300);
    expect(new Set(await seedsOf(site))).toEqual(new Set([...groupIds(100), ...OTHERS.slice(0, 100)]));
    expect(await site.status()).toMatchObject({ refreshed: { known: 200 } });
  });
});

describe('what is forgotten', () => {
  it('is gone with all that it held, and begins anew', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    await site.later(300);
    await site.add(['u1']);
    await site.forget();

    for (const use of [() => site.forget(), () => site.status(), () => site.add(['u1']), () => site.scores(['u1'])])
      await expect(use()).rejects.toThrow('expected a live audience that was begun, got "people/spring"');
    expect(await site.ports.objects.list('live/')).toEqual([]);
    expect(await site.begin()).toBe(true);
    expect(await site.later(300)).toEqual(['known']); // the message of the one before
    expect(await site.status()).toEqual({ ...SPRING, answeredBy: 'nobody', isBehind: false });
  });

  it('goes on to be where it broke off', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    const { objects } = site.ports;
    Object.assign(site.ports, { objects: { ...objects, remove: () => Promise.reject(new Error('broke off')) } });
    await expect(site.forget()).rejects.toThrow('broke off');
    Object.assign(site.ports, { objects });

    await site.forget();

    expect(await objects.list('live/')).toEqual([]);
  });

  it('while seeds are added to it leaves nothing', async () => {
    const site = await liveSite();
    const { objects } = site.ports;
    const forgetting = {
      ...objects,
      async write(name: string, bytes: Uint8Array) {
        await site.forget();
        await objects.write(name, bytes);
      },
    };
    Object.assign(site.ports, { objects: forgetting });

    await expect(site.add(['u1'])).rejects.toThrow('expected a live audience that was begun');

    expect(await objects.list('live/')).toEqual([]);
  });

  it('while it is refreshed leaves nothing', async () => {
    const site = await liveSite();
    await site.add(groupIds(120));
    const { objects } = site.ports;
    const forgetting = {
      ...objects,
      async write(name: string, bytes: Uint8Array) {
        if (name.includes('/models/')) await site.forget();
        await objects.write(name, bytes);
      },
    };
    Object.assign(site.ports, { objects: forgetting });

    expect(await site.later(300)).toEqual(['overtaken']);

    expect(await objects.list('live/')).toEqual([]);
  });

  it('goes with its population', async () => {
    const site = await liveSite();
    await site.begin({ ...SPRING, audience: 'summer' });
    await site.add(groupIds(120));
    await site.later(300);
    await site.add(['u1']);
    await forgetPopulation(site.stage.ports, 'people');

    await expect(site.scores(['u1'])).rejects.toThrow(NotFound);
    expect(await site.later(300)).toEqual(['known']);
    expect(await site.ports.objects.list('live/')).toEqual([]);
    await site.ingest(groupedPeople(600));
    for (const audience of ['spring', 'summer'])
      await expect(site.status({ ...SPRING, audience })).rejects.toThrow('expected a live audience');
    expect(await site.begin()).toBe(true);
  });
});

describe('names', () => {
  it.each(['', '..', 'a/b', 'x'.repeat(64), '-a', 'é'])('of audiences are refused: %j', async (audience) => {
    const site = await liveSite();

    await expect(site.begin({ ...SPRING, audience })).rejects.toThrow('expected an audience name of 1 to 63 letters');
  });

  it('of populations must be there', async () => {
    const site = await liveSite();

    await expect(site.begin({ population: 'nowhere', audience: 'a' })).rejects.toThrow(
      'expected the name of an ingested',
    );
  });
});
