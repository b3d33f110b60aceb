/** Live audiences of the stack, by calls: their scores follow their seeds after one refresh, whoever calls at once. */
import type { OpenAPIClient } from 'openapi-client-axios';
import { beforeAll, describe, expect, it } from 'vitest';
import { groupedPeople, groupIds } from '../application/people.ts';
import { AKIN, Desk } from './command-line.ts';
import type { LocalSite } from './local-site.ts';
import { clientFor } from './partners-way.ts';

const ndjson = (seed: number, count = 600) =>
  groupedPeople(count, seed)
    .map((user) => `${JSON.stringify(user)}\n`)
    .join('');
const EVERYBODY = groupedPeople(600).map(({ id }) => id);
/** Of the second group. */
const OTHERS = Array.from({ length: 100 }, (_, n) => `u${4 * n + 1}`);

/** Describes live audiences of a stack that runs, whose refreshes come after some seconds. */
export function describeLiveAudiences(siteNow: () => LocalSite): void {
  let client: OpenAPIClient;

  beforeAll(async () => {
    client = await clientFor(siteNow);
  });

  async function call(operation: string, body?: unknown, at: object = { population: 'crowd', audience: 'spring' }) {
    const { status, data } = await client[operation]({ ...at }, body);
    return { status, data };
  }

  const scored = async () => (await call('scoreUsers', { users: EVERYBODY })).data;

  describe('live audiences', () => {
    it('give scores that follow their seeds after one refresh, and not before', async () => {
      const { stack } = siteNow();
      expect(await call('beginAudience')).toMatchObject({ status: 404 });
      await siteNow().upload('crowd/b1', { 'people.ndjson': ndjson(1) });
      await stack.idle();
      expect(await call('beginAudience')).toMatchObject({ status: 201, data: { answeredBy: 'nobody' } });
      expect(await call('beginAudience')).toMatchObject({ status: 200 });
      expect(await call('scoreUsers', { users: ['u1'] })).toMatchObject({ status: 409 });

      expect(await call('addSeeds', { seeds: [...groupIds(60), 'x1'] })).toMatchObject({
        status: 202,
        data: { added: 61 },
      });
      expect(await call('audience')).toMatchObject({
        data: { answeredBy: 'nobody', pending: { due: expect.any(Number) } },
      });
      await stack.idle();
      expect(await call('audience')).toMatchObject({
        data: { answeredBy: 'fallback', refreshed: { known: 60, unknown: 1, generation: 1 } },
      });
      const first = await scored();
      expect(first).toMatchObject({ answeredBy: 'fallback', unknown: [] });
      expect(first.scores).toHaveLength(600);

      await siteNow().put('seeds/crowd/lists/more.csv', `id\n${OTHERS.join('\n')}\n`);
      await stack.idle();
      expect(await call('addSeeds', { seeds: { list: 'more.csv' } })).toMatchObject({ data: { added: 100 } });
      expect(await scored()).toEqual(first);
      await stack.idle();
      const second = await scored();
      expect(second).toMatchObject({ answeredBy: 'untrained attention', unknown: [] });
      expect(second.scores).not.toEqual(first.scores);
      expect(await call('scoreUsers', { users: ['x1', 'u4'] })).toMatchObject({
        data: { scores: [{ userId: 'u4' }], unknown: ['x1'] },
      });
    }, 120_000);

    it('lose nothing of 20 callers at once, who add and score', async () => {
      const before = (await call('audience')).data.refreshed.known;
      const callers = Array.from({ length: 20 }, async (_, n) => {
        const added = await call('addSeeds', { seeds: [`u${4 * n + 2}`, `u${4 * n + 3}`, `nobody${n}`] });
        const { data } = await call('scoreUsers', { users: EVERYBODY.slice(0, 100) });
        return [added.status, data.scores.length];
      });

      expect(await Promise.all(callers)).toEqual(Array.from({ length: 20 }, () => [202, 100]));

      await siteNow().stack.idle();
      expect(await call('audience')).toMatchObject({ data: { refreshed: { known: before + 40, unknown: 21 } } });
      const [list, ...others] = await siteNow()
        .list('live/crowd/spring/')
        .then((names) => names.filter((name) => name.includes('/seeds/')));
      expect([list, others]).toEqual([expect.stringMatching(/\.arrow$/), []]);
    }, 120_000);

    it('are worked with by the command line, with the same words', async () => {
      const { stack } = siteNow();
      const desk = new Desk();
      const { accessKeyId, secretAccessKey } = stack.credentials;
      const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'us-east-1' };
      const as = (command: string, ...args: string[]) => {
        const there = ['--population', 'crowd', '--stack', `${stack.url}/v1`];
        return desk.start(process.execPath, [AKIN, 'audience', command, 'summer', ...there, ...args], env).ending;
      };
      desk.put('users.txt', 'u4\nx1\nu8\n');
      // Ids so long that a body could not hold them go as a list.
      const strangers = Array.from({ length: 1_100 }, (_, n) => `${n}-`.padEnd(1_000, 'x'));
      desk.put('many.txt', `${[...groupIds(120), ...strangers].join('\n')}\n`);

      expect(await as('score', '--users', 'users.txt')).toMatchObject({ code: 2 });
      expect(await as('create')).toMatchObject({ code: 0, out: expect.stringContaining('crowd/summer is there') });
      expect((await as('add', '--seeds', 'seeds.txt')).out).toBe(
        'added 40 seeds to crowd/summer; a refresh takes them up\n',
      );
      expect((await as('add', '--seeds', 'many.txt', '--json')).out).toContain('"added": 1220');
      expect(await as('refresh')).toMatchObject({
        code: 0,
        out: expect.stringMatching(/answered by +untrained attention\n.*seeds known +120\n.*refresh to come +no/s),
      });
      const { out } = await as('score', '--users', 'users.txt');
      expect(out).toMatch(/^user_id,score\nu4,0\.\d+\nx1,\nu8,0\.\d+\n$/);
      expect((await as('delete')).out).toBe('deleted crowd/summer and its seeds\n');
      expect(await as('show')).toMatchObject({ code: 2, remarks: expect.stringContaining('expected a live audience') });
    }, 120_000);

    it('compare points of one generation alone, and take up the next by a refresh', async () => {
      const before = await scored();
      await siteNow().upload('crowd/b2', { 'people.ndjson': ndjson(2, 650) });
      await siteNow().stack.idle();

      expect(await scored()).toEqual(before);
      expect((await call('scoreUsers', { users: ['u649'] })).data.unknown).toEqual(['u649']);
      expect(await call('audience')).toMatchObject({ data: { isBehind: true } });
      await siteNow().stack.idle();

      expect(await call('audience')).toMatchObject({ data: { isBehind: false, refreshed: { generation: 2 } } });
      expect(await call('scoreUsers', { users: ['u649'] })).toMatchObject({ data: { generation: 2, unknown: [] } });
    }, 120_000);

    it('are forgotten, alone or with their population', async () => {
      expect(await call('forgetAudience')).toMatchObject({ status: 204 });
      expect(await call('forgetAudience')).toMatchObject({ status: 404 });
      expect(await call('beginAudience')).toMatchObject({ status: 201, data: { answeredBy: 'nobody' } });
      await call('addSeeds', { seeds: groupIds(10) });
      expect(await call('deletePopulation')).toMatchObject({ status: 204 });
      await siteNow().stack.idle();

      expect(await siteNow().list('live/')).toEqual([]);
      expect(await call('audience')).toMatchObject({ status: 404 });
      await siteNow().upload('crowd/b3', { 'people.ndjson': ndjson(1) });
      await siteNow().stack.idle();
      expect(await call('audience')).toMatchObject({ status: 404 });
    }, 120_000);
  });
}
