/** A seed report by call: that of the command line, from seeds in the body or from a list. */
import { describe, expect, it } from 'vitest';
import { MOST_REPORT_SEED_BYTES, requestSeedReport, SeedReportBody } from '#application/requested-seed-report.ts';
import { reportSeeds } from '#application/seed-report.ts';
import { drop, type Stage, stageWith } from './conductor.ts';
import { groupedPeople, groupIds, idList, ingested, opened, SETTINGS, unwatched } from './people.ts';

const SEEDS = [...groupIds(40), 'U1', 'x1'];

async function stageOf(): Promise<Stage> {
  const stage = stageWith();
  await ingested(stage, groupedPeople(400), { settings: { ...SETTINGS, maxShardUsers: 90 } });
  return stage;
}

function bodyOf(changes: object = {}): SeedReportBody {
  return SeedReportBody.parse({ seeds: SEEDS, ...changes });
}

describe('a seed report by call', () => {
  it.each([
    ['as it is', {}],
    ['without features and weights', { drop: ['group0:1', 'nothing:1'], binary: true, seed: 7 }],
  ])('says what it says on this machine: the population %s', async (_, changes) => {
    const stage = await stageOf();
    const { seeds: _seeds, ...options } = bodyOf(changes);
    const request = { ...options, seeds: idList(SEEDS), exclude: [] };
    const here = reportSeeds(SETTINGS, await opened(stage), request, unwatched);

    expect(await requestSeedReport(stage.ports, SETTINGS, 'people', bodyOf(changes))).toEqual(here);
    await drop(stage.ports, 'seeds/people/lists/best.csv', `id\n${SEEDS.join('\n')}\n`);
    const listed = bodyOf({ ...changes, seeds: { list: 'best.csv' } });
    expect(await requestSeedReport(stage.ports, SETTINGS, 'people', listed)).toEqual(here);
  });

  it('counts seeds that stand in the body twice', async () => {
    const stage = await stageOf();

    const { seeds } = await requestSeedReport(stage.ports, SETTINGS, 'people', bodyOf({ seeds: [...SEEDS, 'u0'] }));

    expect(seeds).toMatchObject({ given: 42, duplicates: 1, matched: 40 });
  });

  it('takes a list of 8 MiB, and none of a byte more', async () => {
    const stage = await stageOf();
    const listed = bodyOf({ seeds: { list: 'long.csv' } });
    const put = (bytes: number) =>
      drop(stage.ports, 'seeds/people/lists/long.csv', `id\n${SEEDS.join('\n')}\n`.padEnd(bytes, '\n'));

    await put(MOST_REPORT_SEED_BYTES);
    expect(await requestSeedReport(stage.ports, SETTINGS, 'people', listed)).toMatchObject({ seeds: { given: 42 } });
    await put(MOST_REPORT_SEED_BYTES + 1);
    await expect(requestSeedReport(stage.ports, SETTINGS, 'people', listed)).rejects.toThrow(
      'seeds/people/lists/long.csv: expected seeds of at most 8388608 bytes, got 8388609',
    );
  });

  it('is given of as many users as one function ranks, and not of one more', async () => {
    const stage = await stageOf();
    const report = (expandUsers: number) =>
      requestSeedReport(stage.ports, { ...SETTINGS, expandUsers }, 'people', bodyOf());

    expect(await report(400)).toMatchObject({ users: 400 });
    await expect(report(399)).rejects.toThrow(
      'expected a population of at most 399 users to report on seeds in one call, got 400; the report of an expansion says the same as its seedReport',
    );
  });

  it.each([
    ['strangers', { seeds: ['x1', 'x2'] }, 'body: seeds: expected seeds that are users of the population, but 0 of 2'],
    ['a list that was not uploaded', { seeds: { list: 'gone.csv' } }, 'expected a list that was uploaded'],
  ])('is refused for %s', async (_, changes, sentence) => {
    const stage = await stageOf();

    await expect(requestSeedReport(stage.ports, SETTINGS, 'people', bodyOf(changes))).rejects.toThrow(sentence);
    await expect(requestSeedReport(stage.ports, SETTINGS, 'peple', bodyOf())).rejects.toThrow(
      'expected the name of an ingested population',
    );
  });
});
