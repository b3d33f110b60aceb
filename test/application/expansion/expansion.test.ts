/** Dropped seed files become audiences: the same bytes in one function, shard by shard, and on the command line. */
import { describe, expect, it } from 'vitest';
import { saveAudience } from '#application/audience-files.ts';
import { expandDrop, giveUpDrop } from '#application/expansion/expand-drop.ts';
import type { StepPorts } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { TrainingOptions } from '#application/training.ts';
import { drop, gzipped, ndjsonOf, type Stage, stageWith, textOf } from '../conductor.ts';
import {
  expansionOf,
  groupedPeople,
  groupIds,
  idList,
  ingested,
  opened,
  requestFor,
  SETTINGS,
  TASTES,
  tastedPeople,
  WAYS,
} from '../people.ts';

const people = groupedPeople(400);
const SEEDS = `${groupIds(40).join('\n')}\n`;

/** One shard after the other, or all in one function. */
const LARGE: Settings = { ...SETTINGS, maxShardUsers: 90, expandUsers: 0 };
const SMALL: Settings = { ...SETTINGS, maxShardUsers: 90 };

async function stageOf(settings: Settings, change?: (ports: StepPorts) => StepPorts): Promise<Stage> {
  const stage = stageWith(settings, change);
  await ingested(stage, people, { settings: SMALL });
  return stage;
}

function dropped(stage: Stage, settings: Settings, file = 'spring.csv', owner = 'message-1', later = 0) {
  return expandDrop(stage.ports, settings, `seeds/people/${file}`, owner, Date.now() + later);
}

interface Told {
  readonly state: string;
  readonly audience: string;
  readonly report: string;
  readonly manifest: string;
  readonly reason?: string;
}

async function campaignOf({ ports }: Stage, campaign = 'spring'): Promise<Told> {
  return JSON.parse(await textOf(ports.objects, `audiences/people/${campaign}.json`));
}

/** The three files of the audience, as texts. */
async function filesOf(stage: Stage): Promise<Readonly<Record<string, string>>> {
  const { audience, report, manifest } = await campaignOf(stage);
  const { objects } = stage.ports;
  return {
    audience: await textOf(objects, audience),
    report: await textOf(objects, report),
    manifest: await textOf(objects, manifest),
  };
}

async function expandedBy(settings: Settings, options: object): Promise<Readonly<Record<string, string>>> {
  const stage = await stageOf(settings);
  await drop(stage.ports, 'seeds/people/spring.json', JSON.stringify(options));
  await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
  await dropped(stage, settings);
  await stage.settle();
  return filesOf(stage);
}

describe('an audience of a dropped seed file', () => {
  const WISHES = [
    ...WAYS.map(({ ranker, choices }) => ({ ranker, ...choices })),
    { drop: ['group0:1'] },
    { drop: ['group0:1', 'no such feature'], ranker: 'attention' },
    { binary: true, ranker: 'similarity', space: 'embedding' },
    { binary: true, measure: 'jaccard' },
    { size: '5%', seed: 7 },
    { size: 'all', exclude: ['gone.txt', 'nobody.txt'] },
    { exclude: ['gone.txt'], exposed: 'shown.txt', unlike: 'unlike.txt' },
    { exposed: 'shown.txt', background: 'exposed' },
    { exposed: 'shown.txt', negatives: 'exposed', unlike: 'unlike.txt' },
    { unlike: 'unlike.txt', ranker: 'matrix-factorization', factors: 'regression', drop: ['group0:1'] },
    { effort: 1, evidence: 'full', ranker: 'random-walk', rounds: 'one' },
    { evidence: 'none', ranker: 'information-value', background: 'candidates' },
    { size: 'lift>=2', baseRate: 0.1 },
    { size: 'recall>=0.3', ranker: 'information-value' },
    { size: 'precision>=0.3', baseRate: 0.25, ranker: 'similarity' },
  ];

  it.each(WISHES)('is the same shard by shard as in one function: %j', async (options) => {
    const lists = async (stage: Stage) => {
      await drop(stage.ports, 'seeds/people/lists/gone.txt', 'u1\nu4\nu5\n');
      await drop(stage.ports, 'seeds/people/lists/nobody.txt', 'x1\n');
      await drop(stage.ports, 'seeds/people/lists/shown.txt', ndjsonOf(people.filter((_, n) => n % 4 === 1)));
      await drop(stage.ports, 'seeds/people/lists/unlike.txt', ndjsonOf(people.filter((_, n) => n % 4 === 2)));
      await drop(stage.ports, 'seeds/people/spring.json', JSON.stringify({ size: 50, ...options }));
      await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
    };
    const [one, many] = [await stageOf(SMALL), await stageOf(LARGE)];
    await lists(one);
    await lists(many);

    expect([await dropped(one, SMALL), await dropped(many, LARGE)]).toEqual(['expanded', 'started']);
    await many.settle();

    const [inOne, inMany] = [await filesOf(one), await filesOf(many)];
    expect(inMany.audience).toEqual(inOne.audience);
    expect(inMany.report).toEqual(inOne.report);
    expect(inMany.audience.split('\n').length).toBeGreaterThan(15);
  });

  it('is ranked by what the population’s scorer has learned, the same shard by shard as in one function', async () => {
    const tasted = tastedPeople(1_200);
    const options = TrainingOptions.parse({ epochs: 2, items: TASTES });
    const audiences = [];
    for (const settings of [SMALL, LARGE]) {
      const stage = stageWith(settings);
      const training = { when: 'always', options, clock: () => 0, watch: () => {} } as const;
      await ingested(stage, tasted, { settings: { ...SMALL, dimensions: 24, maxShardUsers: 400 }, training });
      await drop(stage.ports, 'seeds/people/spring.json', '{"size":50,"ranker":"attention"}');
      await drop(stage.ports, 'seeds/people/spring.csv', Array.from({ length: 40 }, (_, n) => `u${12 * n}\n`).join(''));
      await dropped(stage, settings);
      await stage.settle();
      audiences.push(await filesOf(stage));
    }

    const [inOne, inMany] = audiences;
    expect(JSON.parse(inOne.report)).toMatchObject({ ranker: { choices: { scorer: 'trained' } } });
    expect(inMany.audience).toEqual(inOne.audience);
    expect(inMany.report).toEqual(inOne.report);
  });

  it('is the one of the command line for the same request', async () => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, 'seeds/people/spring.json', '{"size":50}');
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
    await dropped(stage, SMALL);

    const population = await opened(stage);
    const request = requestFor({ ranker: 'auto', size: '50', candidates: 'auto', seeds: idList(groupIds(40)) });
    const audience = await expansionOf(population, request);
    const files = await saveAudience(stage.ports.objects, SMALL, population, request, audience);

    expect(await textOf(stage.ports.objects, files.audience)).toBe((await filesOf(stage)).audience);
    expect(await textOf(stage.ports.objects, files.report)).toBe((await filesOf(stage)).report);
  });

  it('says in its report that a way of retrieval was not needed', async () => {
    const { report } = await expandedBy(LARGE, { size: 10, candidates: 'buckets' });

    expect(JSON.parse(report)).toMatchObject({
      retrieval: { mode: 'buckets', used: 'all' },
      warnings: expect.arrayContaining([
        'candidates by buckets were asked for; the population is expanded shard by shard, so everybody was scored',
      ]),
    });
  });

  it.each(['spring.csv', 'spring.ndjson', 'spring.txt', 'spring.csv.gz'])('may be called %s', async (file) => {
    const stage = await stageOf(SMALL);
    const ids = file.includes('ndjson')
      ? groupIds(40)
          .map((id) => `{"id":"${id}"}\n`)
          .join('')
      : SEEDS;
    await drop(stage.ports, `seeds/people/${file}`, file.endsWith('gz') ? gzipped(ids) : ids);

    expect(await dropped(stage, SMALL, file)).toBe('expanded');

    expect(await campaignOf(stage)).toMatchObject({ state: 'ready', size: 4, generation: 1 });
  });

  it('holds the generation that it began with', async () => {
    const stage = await stageOf(LARGE);
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
    await dropped(stage, LARGE);

    await ingested(stage, groupedPeople(100, 9), { settings: SMALL });
    await stage.settle();

    expect(await campaignOf(stage)).toMatchObject({ state: 'ready', generation: 1 });
  });
});

describe('a dropped seed file', () => {
  it.each([
    ['in one function', SMALL],
    ['shard by shard', LARGE],
  ])('is expanded once, whoever is told of it and however often: %s', async (_, settings) => {
    const stage = await stageOf(settings);
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);

    const outcomes = [await dropped(stage, settings), await dropped(stage, settings, 'spring.csv', 'message-2', 1)];
    await stage.settle();
    outcomes.push(await dropped(stage, settings, 'spring.csv', 'message-3', 2));

    expect(outcomes.slice(1)).toEqual([settings === SMALL ? 'known' : 'busy', 'known']);
    expect(new Set(stage.started).size).toBe(settings === SMALL ? 0 : 1);
    expect(stage.announced.map(({ what }) => what)).toEqual(['audience ready']);
  });

  it('is expanded again when it is dropped again', async () => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
    await dropped(stage, SMALL);

    await drop(stage.ports, 'seeds/people/spring.csv', `${groupIds(30).join('\n')}\n`);

    expect(await dropped(stage, SMALL, 'spring.csv', 'message-2')).toBe('expanded');
    expect(stage.announced).toHaveLength(2);
  });

  it.each([
    ['by the same message after a fault', 'message-1', 1_000, 'expanded'],
    ['by no other while the first may be alive', 'message-2', 19 * 60_000, 'busy'],
    ['by another once the first must be dead', 'message-2', 21 * 60_000, 'expanded'],
  ])('is taken up again %s', async (_, owner, later, outcome) => {
    let faults = 1;
    const stage = await stageOf(SMALL, (ports) => ({
      ...ports,
      objects: {
        ...ports.objects,
        async write(name, bytes) {
          if (name.endsWith('audience.csv') && faults-- > 0) throw new Error('the disk is on fire');
          await ports.objects.write(name, bytes);
        },
      },
    }));
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);
    await expect(dropped(stage, SMALL)).rejects.toThrow('the disk is on fire');

    expect(await dropped(stage, SMALL, 'spring.csv', owner, later)).toBe(outcome);

    expect(stage.announced.map(({ what }) => what)).toEqual(outcome === 'busy' ? [] : ['audience ready']);
  });

  it('that was given up is told of, once', async () => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, 'seeds/people/spring.csv', SEEDS);

    await giveUpDrop(stage.ports, 'seeds/people/spring.csv', Date.now());
    await giveUpDrop(stage.ports, 'seeds/people/spring.csv', Date.now());

    const reason = 'an unexpected failure of akin itself; its logs say more';
    expect(stage.announced).toEqual([
      { what: 'expansion failed', detail: { population: 'people', campaign: 'spring', reason } },
    ]);
    expect(await campaignOf(stage)).toMatchObject({ state: 'failed', reason });
  });

  it.each(['spring.json', 'lists/gone.txt', ''])('is not what is called %j', async (file) => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, `seeds/people/${file || 'x'}`, '{}');

    expect(await dropped(stage, SMALL, file)).toBe('ignored');
  });

  it.each(['models/people/spring.csv', 'spring.csv', 'seed/people/spring.csv'])(
    'is not what lies elsewhere: %s',
    async (name) => {
      const { ports } = await stageOf(SMALL);
      await drop(ports, name, 'u0\n');

      expect(await expandDrop(ports, SMALL, name, 'owner', 0)).toBe('ignored');
    },
  );

  it('may be gone before anybody looks', async () => {
    expect(await dropped(await stageOf(SMALL), SMALL)).toBe('gone');
  });
});

describe('a bad seed file', () => {
  const BAD: readonly (readonly [string, string, string | Uint8Array, string, string?])[] = [
    [
      'nobody’s ids',
      'spring.csv',
      'x1\nx2\n',
      'seeds/people/spring.csv: expected seeds that are users of the population, but 0 of 2 are; they look like "x1", "x2"',
    ],
    [
      'too few seeds',
      'spring.csv',
      'u0\nu4\n',
      'seeds/people/spring.csv: expected at least 25 seeds that are users of the population, got 2 of 2',
    ],
    ['no ids', 'spring.csv', '', 'seeds/people/spring.csv: expected at least one id, got none'],
    [
      'a table without ids',
      'spring.csv',
      'a,b\n1,2\n',
      'seeds/people/spring.csv, line 1: expected one id a line, or a column id or user_id in the header',
    ],
    ['an unknown ranker', 'spring.csv', SEEDS, 'expected a ranker (', '{"ranker":"magic"}'],
    ['a size of nothing', 'spring.csv', SEEDS, 'expected a size from 1 to ', '{"size":"0"}'],
    [
      'an unknown option',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, got "sise", which there is not',
      '{"sise":10}',
    ],
    [
      'a list that is not there',
      'spring.csv',
      SEEDS,
      'seeds/people/lists/gone.txt: expected the file that was dropped, but it is gone',
      '{"exclude":["gone.txt"]}',
    ],
    [
      'a promise that cannot be kept',
      'spring.csv',
      SEEDS,
      'expected a size that keeps lift>=1000, but the best there is has',
      '{"size":"lift>=1000"}',
    ],
    [
      'a promise in another form',
      'spring.csv',
      SEEDS,
      'expected a promise such as lift>=3, recall>=0.5 or precision>=0.1, got "lift>3"',
      '{"size":"lift>3"}',
    ],
    [
      'a promise without evidence',
      'spring.csv',
      SEEDS,
      'expected evidence for a size by promise (lift>=2), short or full, got none',
      '{"size":"lift>=2","evidence":"none"}',
    ],
    [
      'precision without a base rate',
      'spring.csv',
      SEEDS,
      'expected a base rate beside a promise of precision',
      '{"size":"precision>=0.1"}',
    ],
    [
      'a base rate above 1',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, because of baseRate ',
      '{"baseRate":2}',
    ],
    [
      'an effort of nothing',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, because of effort ',
      '{"effort":0}',
    ],
    [
      'evidence of no level',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, because of evidence ',
      '{"evidence":"much"}',
    ],
    [
      'negatives of no kind',
      'spring.csv',
      SEEDS,
      'expected negatives to be all or exposed or sampled or spy, got "some"',
      '{"negatives":"some"}',
    ],
    [
      'exposed people who are needed and not given',
      'spring.csv',
      SEEDS,
      'expected a list of exposed people, as logistic-regression was told to learn from them, got none',
      '{"negatives":"exposed"}',
    ],
    [
      'exposed people who are not there',
      'spring.csv',
      SEEDS,
      'seeds/people/lists/shown.txt: expected the file that was dropped, but it is gone',
      '{"exposed":"shown.txt"}',
    ],
    [
      'a path for people not to resemble',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, because of unlike ',
      '{"unlike":"a/b.txt"}',
    ],
    [
      'a path for a list',
      'spring.csv',
      SEEDS,
      'seeds/people/spring.json: expected other options, because of exclude.0 ',
      '{"exclude":["../x"]}',
    ],
  ];

  it.each(BAD.flatMap((row) => [SMALL, LARGE].map((settings) => [row[0], settings, row] as const)))(
    'of %s fails with its reason, and is told of once',
    async (_, settings, [, file, seeds, sentence, options = '{}']) => {
      const stage = await stageOf(settings);
      await drop(stage.ports, 'seeds/people/spring.json', options);
      await drop(stage.ports, `seeds/people/${file}`, seeds);

      await dropped(stage, settings, file).catch(() => {});
      await stage.settle();

      const { state, reason } = await campaignOf(stage);
      expect([state, reason]).toEqual(['failed', expect.stringContaining(sentence)]);
      expect(stage.announced).toEqual([
        { what: 'expansion failed', detail: { population: 'people', campaign: 'spring', reason } },
      ]);
    },
  );

  it('fails again with the same reason for the message that was not yet put away, and for no other', async () => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, 'seeds/people/spring.csv', 'x1\n');
    const sentence = 'expected seeds that are users of the population';

    await expect(dropped(stage, SMALL)).rejects.toThrow(sentence);
    await expect(dropped(stage, SMALL)).rejects.toThrow(sentence);

    expect(await dropped(stage, SMALL, 'spring.csv', 'message-2')).toBe('known');
    expect(stage.announced).toHaveLength(1);
  });

  it('of a population that nobody ingested says so', async () => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, 'seeds/poeple/spring.csv', SEEDS);

    await expect(expandDrop(stage.ports, SMALL, 'seeds/poeple/spring.csv', 'm', Date.now())).rejects.toThrow(
      'expected the name of an ingested population, got "poeple" (nearest: "people")',
    );
  });

  it.each(['a b.csv', 'spring.xlsx', '.csv', 'deep/er.csv'])('called %j is refused by its name', async (file) => {
    const stage = await stageOf(SMALL);
    await drop(stage.ports, `seeds/people/${file}`, SEEDS);

    await expect(dropped(stage, SMALL, file)).rejects.toThrow(
      `seeds/people/${file}: expected seeds/<population>/<campaign>.csv`,
    );
  });
});
