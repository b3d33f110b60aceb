/** Expansions by call: the audience of a drop with the same options, once for each key, in pages, and gone when it is forgotten. */
import { describe, expect, it } from 'vitest';
import { expandDrop } from '#application/expansion/expand-drop.ts';
import {
  downloadOf,
  ExpansionBody,
  expansionStatus,
  forgetExpansion,
  forgetPopulation,
  membersOf,
  type RequestKey,
  reasonsOf,
  requestExpansion,
} from '#application/expansion/requested-expansion.ts';
import type { Links } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { seededRandom } from '#domain/random.ts';
import { drop, type Stage, stageWith, textOf } from '../conductor.ts';
import { interleaved } from '../interleaved.ts';
import { groupedPeople, groupIds, ingested, SETTINGS } from '../people.ts';

const SMALL: Settings = { ...SETTINGS, maxShardUsers: 90 };
const LARGE: Settings = { ...SMALL, expandUsers: 0 };
const SEEDS = groupIds(40);
const NOW = Date.now();

async function stageOf(settings: Settings = SMALL): Promise<Stage> {
  const stage = stageWith(settings);
  await ingested(stage, groupedPeople(400), { settings: SMALL });
  return stage;
}

function bodyOf(changes: object = {}): ExpansionBody {
  return ExpansionBody.parse({ seeds: SEEDS, size: 30, ...changes });
}

/** A key, with the body as it was sent. */
function named(key: string, changes: object = {}): RequestKey {
  return { key, sent: { seeds: SEEDS, size: 30, ...changes } };
}

async function asked({ ports }: Stage, changes: object = {}, key?: string): Promise<string> {
  const answer = await requestExpansion(
    ports,
    'people',
    bodyOf(changes),
    key === undefined ? undefined : named(key, changes),
  );
  if (answer === 'another body') throw new Error('expected an id, got another body');
  return answer.id;
}

/** What the events of the written seed files set off. */
async function worked(stage: Stage, settings: Settings = SMALL): Promise<void> {
  for (const name of await stage.ports.objects.list('seeds/people/'))
    await expandDrop(stage.ports, settings, name, 'message', NOW).catch(() => {});
}

describe('an expansion by call', () => {
  it('is the expansion of a seed file that was dropped', async () => {
    const stage = await stageOf();
    const { objects } = stage.ports;
    await drop(stage.ports, 'seeds/people/spring.json', JSON.stringify({ size: 30, ranker: 'similarity' }));
    await drop(stage.ports, 'seeds/people/spring.ndjson', SEEDS.map((id) => `{"id":"${id}"}\n`).join(''));
    const id = await asked(stage, { ranker: 'similarity' });
    expect(await expansionStatus(stage.ports, id)).toMatchObject({ id, state: 'waiting' });
    await worked(stage);

    const [ready, spring] = [
      await expansionStatus(stage.ports, id),
      await expansionStatus(stage.ports, 'people~spring'),
    ];

    expect(ready).toMatchObject({ state: 'ready', report: { size: 30 } });
    expect(ready.report).toEqual(spring.report);
    const { audience } = JSON.parse(await textOf(objects, `audiences/people/${id.split('~')[1]}.json`));
    expect((await textOf(objects, audience)).split('\n')).toHaveLength(32);
  });

  it('is the same for the same key and body, and refused for another body', async () => {
    const stage = await stageOf();

    const [first, again, other] = [
      await asked(stage, {}, 'k'),
      await asked(stage, {}, 'k'),
      await asked(stage, {}, 'l'),
    ];

    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(await asked(stage)).not.toBe(await asked(stage));
    expect(await requestExpansion(stage.ports, 'people', bodyOf({ size: 31 }), named('k', { size: 31 }))).toBe(
      'another body',
    );
  });

  it('is the same for a body as it was sent, whatever defaults are added to it and in whatever order it comes', async () => {
    const { ports } = await stageOf();

    const [first, again] = [
      await requestExpansion(ports, 'people', bodyOf(), { key: 'k', sent: { size: 30, seeds: SEEDS } }),
      // As a later release may parse it.
      await requestExpansion(ports, 'people', bodyOf({ effort: 7 }), { key: 'k', sent: { seeds: SEEDS, size: 30 } }),
    ];

    expect(again).toEqual(first);
  });

  it('is one for calls with the same key at the same moment, in whatever order their steps come', async () => {
    const random = seededRandom(11);
    const { ports } = await stageOf();
    for (let round = 0; round < 50; round++) {
      const { objects, written } = interleaved(ports.objects, random);
      const call = () => requestExpansion({ ...ports, objects }, 'people', bodyOf(), named(`k${round}`));

      const answers = await Promise.all([call(), call(), call()]);

      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(written.filter((name) => name.endsWith('.ndjson'))).toHaveLength(1);
    }
  });

  it('goes on where a call with a key broke off', async () => {
    const stage = await stageOf();
    const { objects } = stage.ports;
    let isBroken = true;
    const broken = {
      ...stage.ports,
      objects: {
        ...objects,
        write: async (name: string, bytes: Uint8Array) => {
          await objects.write(name, bytes);
        },
        create: async (name: string, bytes: Uint8Array) => {
          if (isBroken) throw new Error('the line broke');
          return objects.create(name, bytes);
        },
      },
    };
    const again = () => requestExpansion(broken, 'people', bodyOf(), named('k'));

    await expect(again()).rejects.toThrow('the line broke');
    isBroken = false;
    const answer = await again();
    await worked(stage);

    expect(answer).toMatchObject({ id: expect.any(String) });
    expect(await expansionStatus(stage.ports, (answer as { id: string }).id)).toMatchObject({ state: 'ready' });
  });

  it('takes seeds from a list that was uploaded', async () => {
    const stage = await stageOf();
    await drop(stage.ports, 'seeds/people/lists/best.csv', `id\n${SEEDS.join('\n')}\n`);
    const [inline, listed] = [await asked(stage), await asked(stage, { seeds: { list: 'best.csv' } })];
    await worked(stage);

    const [left, right] = [
      await membersOf(stage.ports, inline, undefined, 100),
      await membersOf(stage.ports, listed, undefined, 100),
    ];
    expect(left.members).toHaveLength(30);
    expect(right).toEqual(left);
  });

  const REFUSED: readonly (readonly [string, object, string])[] = [
    ['a ranker that there is not', { ranker: 'oracle' }, 'expected a ranker'],
    ['an option of another ranker', { ranker: 'boosted-trees', measure: 'cosine' }, 'expected an option'],
    ['a list that was not uploaded', { exclude: ['gone.txt'] }, 'expected a list that was uploaded'],
    ['seeds that were not uploaded', { seeds: { list: 'best.csv' } }, 'expected a list that was uploaded'],
  ];

  it.each(REFUSED)('is refused at once for %s, and nothing is written', async (_, changes, sentence) => {
    const stage = await stageOf();

    await expect(requestExpansion(stage.ports, 'people', bodyOf(changes), named('k', changes))).rejects.toThrow(
      sentence,
    );

    expect(await stage.ports.objects.list('seeds/')).toEqual([]);
  });

  it('of a large population tells how far it is, and ends like any other', async () => {
    const stage = await stageOf(LARGE);
    const id = await asked(stage, { ranker: 'similarity' });
    await worked(stage, LARGE);

    expect(await expansionStatus(stage.ports, id)).toMatchObject({
      state: 'running',
      progress: { stage: 'gather', done: 0, total: 8 },
    });
    await stage.settle();
    expect(await expansionStatus(stage.ports, id)).toMatchObject({ state: 'ready' });
  });

  it('that failed says why', async () => {
    const stage = await stageOf();
    const id = await asked(stage, { seeds: ['x1', 'x2'] });
    await worked(stage);

    expect(await expansionStatus(stage.ports, id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('expected seeds that are users'),
    });
    await expect(membersOf(stage.ports, id, undefined, 10)).rejects.toThrow('which is failed');
  });

  it('has pages that join to the whole, whatever their length', async () => {
    const stage = await stageOf();
    const id = await asked(stage);
    await worked(stage);
    const whole = await membersOf(stage.ports, id, undefined, 1_000);

    for (const limit of [1, 7, 29, 30, 31]) {
      const pages = [await membersOf(stage.ports, id, undefined, limit)];
      for (let next = pages[0].next; next !== undefined; next = pages[pages.length - 1].next)
        pages.push(await membersOf(stage.ports, id, next, limit));
      expect(pages.flatMap(({ members }) => members)).toEqual(whole.members);
    }
    for (const cursor of ['2-18', '1-0', '1-17', '30-999999', 'x', '-1--1'])
      await expect(membersOf(stage.ports, id, cursor, 10)).rejects.toThrow('expected the cursor');
  });

  it('gives the reasons that its own report gives', async () => {
    const stage = await stageOf();
    const id = await asked(stage, { ranker: 'similarity' });
    await worked(stage);
    const report = (await expansionStatus(stage.ports, id)).report as {
      firstMembers: { userId: string; score: number; contributions: unknown }[];
    };
    const [first] = report.firstMembers;

    const reasons = await reasonsOf(stage.ports, SMALL, id, first.userId);

    expect(reasons).toMatchObject({ rank: 1, role: 'candidate', contributions: first.contributions });
    await expect(reasonsOf(stage.ports, SMALL, id, 'nobody')).rejects.toThrow('expected a user of the population');
    await expect(reasonsOf(stage.ports, LARGE, id, first.userId)).rejects.toThrow('to rank one anew');
  });

  it('has addresses of its files', async () => {
    const stage = await stageOf();
    const id = await asked(stage);
    await worked(stage);
    const links: Links = {
      readSeconds: 9,
      writeSeconds: 9,
      toRead: async (name) => name,
      toWrite: async (name) => name,
    };

    const files = await downloadOf(stage.ports, links, id);

    expect(files).toMatchObject({
      expires: 9,
      audience: expect.stringMatching(/^audiences\/people\/\w+\/audience.csv$/),
    });
  });

  it('is forgotten with all that it left, but for files that another one has as well', async () => {
    const stage = await stageOf();
    const [one, two] = [await asked(stage), await asked(stage)];
    await worked(stage);

    await forgetExpansion(stage.ports, one, NOW);
    await expect(expansionStatus(stage.ports, one)).rejects.toThrow('expected an expansion that was asked for');
    expect((await membersOf(stage.ports, two, undefined, 100)).members).toHaveLength(30);
    await forgetExpansion(stage.ports, two, NOW);

    expect(await stage.ports.objects.list('audiences/')).toEqual([]);
    expect(await stage.ports.objects.list('seeds/')).toEqual([]);
    await expect(forgetExpansion(stage.ports, one, NOW)).rejects.toThrow('expected an expansion');
  });

  it('begins anew by the same key once it was forgotten', async () => {
    const stage = await stageOf();
    const id = await asked(stage, {}, 'k');
    await worked(stage);
    await forgetExpansion(stage.ports, id, NOW);

    expect(await asked(stage, {}, 'k')).toBe(id);
    expect(await expansionStatus(stage.ports, id)).toMatchObject({ state: 'waiting' });
  });

  it('begins anew as well where a store dates to the second and tags by content, and all of it happens within one', async () => {
    const stage = await stageOf();
    const { objects } = stage.ports;
    const entries = async (prefix: string) =>
      (await objects.entries(prefix)).map((entry) => ({
        ...entry,
        modified: Math.floor(entry.modified / 1_000) * 1_000,
        tag: 'of the bytes alone',
      }));
    const dated = { ...stage, ports: { ...stage.ports, objects: { ...objects, entries } } };

    const id = await asked(dated, {}, 'k');
    await forgetExpansion(dated.ports, id, Date.now());
    await asked(dated, {}, 'k');
    await worked(dated);

    expect(await expansionStatus(dated.ports, id)).toMatchObject({ state: 'ready' });
  });

  it('is forgotten with its population, also where that broke off before', async () => {
    const stage = await stageOf();
    const id = await asked(stage);
    await worked(stage);
    let isBroken = true;
    const { objects } = stage.ports;
    const broken = {
      ...stage.ports,
      objects: {
        ...objects,
        remove: async (names: readonly string[]) => {
          if (isBroken && names.some((name) => name.startsWith('audiences/'))) throw new Error('the line broke');
          await objects.remove(names);
        },
      },
    };

    await expect(forgetPopulation(broken, 'people')).rejects.toThrow('the line broke');
    isBroken = false;
    await forgetPopulation(broken, 'people');

    expect(await objects.list('audiences/')).toEqual([]);
    expect((await objects.list('')).filter((name) => /^(?:seeds|index)/.test(name))).toEqual([]);
    await expect(expansionStatus(stage.ports, id)).rejects.toThrow('expected an expansion');
    const forgotten = { what: 'population forgotten', detail: { population: 'people' } };
    expect(stage.announced.filter(({ what }) => what === forgotten.what)).toEqual([forgotten, forgotten]);
    await expect(forgetPopulation(broken, 'people')).rejects.toThrow('expected the name of an ingested population');
  });

  it('is told from files that lie beside its seeds', async () => {
    const stage = await stageOf();
    await drop(stage.ports, 'seeds/people/a.csv.bak', 'x');
    await drop(stage.ports, 'seeds/people/a.b.csv', 'x');

    await expect(expansionStatus(stage.ports, 'people~a')).rejects.toThrow('expected an expansion that was asked for');
    expect(await expansionStatus(stage.ports, 'people~a.b')).toMatchObject({ state: 'waiting' });
  });

  it('is cancelled while it runs: its steps stop, and nobody is told', async () => {
    const stage = await stageOf(LARGE);
    const id = await asked(stage);
    await worked(stage, LARGE);

    await forgetExpansion(stage.ports, id, NOW);
    await stage.settle();

    expect(stage.announced).toEqual([]);
    expect(await stage.ports.objects.list('audiences/')).toEqual([]);
  });

  it.each(['people', 'people~', '~x', 'people~a~b', 'people~../x', '../x~y', 'people~__proto__\n'])(
    'is not what %j names',
    async (id) => {
      const stage = await stageOf();

      await expect(expansionStatus(stage.ports, id)).rejects.toThrow(/^expected/);
    },
  );
});
