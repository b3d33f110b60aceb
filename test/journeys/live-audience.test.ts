/** Live audiences on the command line, in the data folder. */
import { describe, expect, it } from 'vitest';
import { groupIds } from '../application/people.ts';
import { Desk, rowsOf } from './command-line.ts';

const HERE = ['spring', '--population', 'shop'];

async function deskWithAudience() {
  const desk = new Desk();
  await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
  desk.put('users.txt', 'u1\nx1\nu2\n');
  const akin = (command: string, ...args: string[]) => desk.akin('audience', command, ...HERE, ...args);
  expect(await akin('create')).toMatchObject({ code: 0, out: expect.stringContaining('shop/spring is there') });
  return { desk, akin };
}

describe('akin audience', () => {
  it('adds to a file, takes up what was added when it is told, and scores by what it took up', async () => {
    const { desk, akin } = await deskWithAudience();

    expect((await akin('add', '--seeds', 'seeds.txt')).out).toBe(
      'added 40 seeds to shop/spring; akin audience refresh takes them up\n',
    );
    expect((await akin('show')).out).toMatch(/answered by +nobody\n.*refresh to come +by akin audience refresh/s);
    expect(await akin('score', '--users', 'users.txt')).toMatchObject({
      code: 2,
      remarks: expect.stringContaining('got one whose first refresh is still to come'),
    });
    expect((await akin('refresh')).out).toMatch(/answered by +fallback\n.*generation +1\n.*seeds known +40\n/s);
    const first = await akin('score', '--users', 'users.txt');
    expect(first).toMatchObject({ code: 0, remarks: expect.stringContaining('users.txt: 1 of 3 users are unknown') });
    expect(rowsOf(first.out)).toEqual([
      ['user_id', 'score'],
      ['u1', expect.stringMatching(/^-?\d\.\d+/)],
      ['x1', ''],
      ['u2', expect.stringMatching(/^-?\d\.\d+/)],
    ]);

    desk.put('more.txt', `${groupIds(100).join('\n')}\n`);
    await akin('add', '--seeds', 'more.txt');
    expect((await akin('score', '--users', 'users.txt')).out).toBe(first.out);
    expect(JSON.parse((await akin('refresh', '--json')).out)).toMatchObject({
      answeredBy: 'untrained attention',
      refreshed: { known: 100, unknown: 0 },
    });
    const second = JSON.parse((await akin('score', '--users', 'users.txt', '--json')).out);
    expect(second).toMatchObject({ answeredBy: 'untrained attention', generation: 1, unknown: ['x1'] });
  }, 60_000);

  it('gives the scores of akin expand by attention', async () => {
    const { desk, akin } = await deskWithAudience();
    desk.put('many.txt', `${groupIds(100).join('\n')}\n`);
    await akin('add', '--seeds', 'many.txt');
    await akin('refresh');
    const expanding = ['--population', 'shop', '--seeds', 'many.txt', '--size', 'all', '--ranker', 'attention'];
    await desk.akin('expand', ...expanding, '--out', 'audience.csv');

    await akin('score', '--users', 'audience.csv', '--out', 'scores.csv');

    const [, ...members] = rowsOf(desk.read('audience.csv'));
    const [, ...scores] = rowsOf(desk.read('scores.csv'));
    expect(scores).toEqual(members.map(([, id, score]) => [id, score]));
    expect(scores).toHaveLength(300);
  }, 60_000);

  it('scores more users than a call may have', async () => {
    const { desk, akin } = await deskWithAudience();
    await akin('add', '--seeds', 'seeds.txt');
    await akin('refresh');
    desk.put('crowd.txt', `${Array.from({ length: 2_500 }, (_, n) => `u${n}`).join('\n')}\n`);

    const { scores, unknown } = JSON.parse((await akin('score', '--users', 'crowd.txt', '--json')).out);

    expect([scores.length, unknown.length]).toEqual([400, 2_100]);
  }, 60_000);

  it('forgets an audience, alone or with its population', async () => {
    const { desk, akin } = await deskWithAudience();
    await akin('add', '--seeds', 'seeds.txt');
    expect((await akin('delete')).out).toBe('deleted shop/spring and its seeds\n');
    const unknown = { code: 2, remarks: 'akin: expected a live audience that was begun, got "shop/spring"\n' };
    for (const command of ['delete', 'show', 'refresh']) expect(await akin(command)).toMatchObject(unknown);
    expect(desk.files().filter((file) => file.startsWith('.akin/live'))).toEqual([]);

    await akin('create');
    await akin('add', '--seeds', 'seeds.txt');
    await desk.akin('delete', '--population', 'shop');
    expect(desk.files().filter((file) => file.startsWith('.akin/live'))).toEqual([]);
    await desk.akin('ingest', 'users.ndjson', '--population', 'shop');
    expect(await akin('show')).toMatchObject(unknown);
  }, 60_000);

  it.each([
    [['create', 'a/b', '--population', 'shop'], 'expected an audience name of 1 to 63 letters'],
    [['create', 'a', '--population', 'shops'], 'expected the name of an ingested population'],
    [['create', 'a'], "required option '--population <name>' not specified"],
    [['score', 'spring', '--population', 'shop', '--users', 'none.txt'], 'expected a file at none.txt'],
  ])('answers %j in one sentence', async (args, sentence) => {
    const { desk } = await deskWithAudience();

    expect(await desk.akin('audience', ...args)).toMatchObject({ code: 2, remarks: expect.stringContaining(sentence) });
  });
});
