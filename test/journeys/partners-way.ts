/** A partner's way through the API of the stack, by a client that its OpenAPI document makes. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { type OpenAPIClient, OpenAPIClientAxios } from 'openapi-client-axios';
import { beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_ADDRESS_FILE } from '#adapters/stack-address.ts';
import type { Member } from '#application/audience-report.ts';
import { openApi } from '#functions/open-api.ts';
import { groupedPeople, groupIds } from '../application/people.ts';
import { AKIN, Desk } from './command-line.ts';
import type { LocalSite } from './local-site.ts';
import { signedHeaders } from './signed-request.ts';

const MIB = 1024 * 1024;

const people = groupedPeople(400);
const HALVES = [people.slice(0, 200), people.slice(200)].map((half) =>
  half.map((user) => `${JSON.stringify(user)}\n`).join(''),
);
const SEEDS = groupIds(40);

/** Describes the API of a stack that runs. */
export function describePartnersWay(siteNow: () => LocalSite): void {
  let client: OpenAPIClient;

  beforeAll(async () => {
    client = await clientFor(siteNow);
  });

  async function call(operation: string, at: Record<string, string | number> = {}, body?: unknown, headers = {}) {
    const { status, data, headers: given } = await client[operation](at, body, { headers });
    return { status, data, location: given.location as string, type: String(given['content-type']) };
  }

  describe('the API', () => {
    it('describes itself by the document that validators and clients take', async () => {
      const { status, data } = await call('openApi');

      expect([status, data]).toEqual([200, JSON.parse(JSON.stringify(openApi()))]);
      expect(await new Validator().validate(data)).toMatchObject({ valid: true });
    });

    it('takes people, expands seeds, pages through the audience, gives reasons, and forgets', async () => {
      const at = { population: 'partners', batch: 'b1' };
      expect(await call('population', at)).toMatchObject({ status: 404, type: 'application/problem+json' });

      const large = { name: 'large.ndjson', bytes: 40 * MIB };
      const opened = await call('openUpload', at, { batch: 'b1', files: ['people.ndjson', large] });
      expect(opened.status).toBe(201);
      const [small, inParts] = opened.data.files;
      await sent([small], HALVES[0]);
      const { id: transfer, parts } = inParts.transfer;
      expect(parts).toBe(2);
      const file = { ...at, file: large.name };
      const addresses = await call('parts', { ...file, transfer, count: 1 });
      // The last part may be short, and it is the first here.
      const part = await fetch(addresses.data.parts[0].url, { method: 'PUT', body: HALVES[1] });
      const end = { transfer, tags: [part.headers.get('etag')] };
      expect(await call('endTransfer', file, { ...end, tags: ['0'.repeat(32)] })).toMatchObject({ status: 400 });
      for (const _ of ['once', 'and again'])
        expect(await call('endTransfer', file, end)).toMatchObject({ status: 200, data: { name: large.name } });
      expect(await call('endTransfer', file, { ...end, transfer: 'nobody', tags: ['0'.repeat(32)] })).toMatchObject({
        status: 404,
      });
      expect(await call('upload', at)).toMatchObject({ status: 200, data: { state: 'open' } });
      expect(await call('closeUpload', at, {})).toMatchObject({
        status: 202,
        location: '/v1/populations/partners/uploads/b1',
      });
      await siteNow().stack.idle();
      expect(await call('upload', at)).toMatchObject({ status: 200, data: { state: 'done', users: 400 } });
      expect((await call('population', at)).data).toMatchObject({ users: 400, generation: 1, usersWithoutFeatures: 8 });
      expect((await call('populations')).data.populations).toContainEqual(
        expect.objectContaining({ population: 'partners' }),
      );

      const population = { population: 'partners' };
      expect(await call('uploads', { ...population, limit: 1 })).toMatchObject({
        status: 200,
        data: { uploads: [{ batch: 'b1', state: 'done', users: 400, toldAt: expect.any(Number) }] },
      });
      expect(await call('expansions', population)).toMatchObject({ status: 200, data: { expansions: [] } });
      expect(await call('uploads', { ...population, limit: 101 })).toMatchObject({
        status: 400,
        type: 'application/problem+json',
      });
      expect(await call('requestSeedReport', population, { seeds: SEEDS })).toMatchObject({
        status: 200,
        data: { users: 400, seeds: { given: 40, matched: 40 }, coherence: { isCoherent: true } },
      });

      const list = await call('openUpload', at, { list: 'gone.txt' });
      await sent(list.data.files, `${people[399].id}\n`);
      const body = { seeds: SEEDS, size: 30, exclude: ['gone.txt'] };
      const key = { 'Idempotency-Key': 'spring', Prefer: 'wait=20' };
      const asked = await call('requestExpansion', at, body, key);
      expect(asked).toMatchObject({
        status: 200,
        data: { state: 'ready', report: { size: 30, excluded: { matched: 1 } } },
      });
      const { id } = asked.data;
      expect(asked.location).toBe(`/v1/expansions/${id}`);
      expect((await call('requestExpansion', at, body, key)).data).toEqual(asked.data);
      expect(await call('requestExpansion', at, { ...body, size: 31 }, key)).toMatchObject({ status: 422 });
      expect((await call('expansion', { id })).data).toEqual(asked.data);
      expect(await call('expansions', { ...population, limit: 100 })).toMatchObject({
        status: 200,
        data: { expansions: [{ id, state: 'ready', size: 30, askedAt: expect.any(Number) }] },
      });

      const { data: files } = await call('download', { id });
      const csv = await (await fetch(files.audience)).text();
      const first = (await call('members', { id, limit: 20 })).data;
      const rest = (await call('members', { id, limit: 20, cursor: first.next })).data;
      expect([first.members.length, rest.members.length, rest.next]).toEqual([20, 10, undefined]);
      const lines = [...first.members, ...rest.members].map(
        ({ rank, userId, score }: Member) => `${rank},${userId},${score}`,
      );
      expect(['rank,user_id,score', ...lines, ''].join('\n')).toBe(csv);

      const [best] = first.members;
      const why = await call('member', { id, user: best.userId });
      expect(why).toMatchObject({ status: 200, data: { userId: best.userId, rank: 1, role: 'candidate' } });
      expect(why.data.score).toBeCloseTo(best.score, 5);

      expect(await call('deleteExpansion', { id })).toMatchObject({ status: 204 });
      expect(await call('expansion', { id })).toMatchObject({ status: 404 });
      expect(await call('deletePopulation', at)).toMatchObject({ status: 204 });
      expect(await call('population', at)).toMatchObject({ status: 404 });
    }, 120_000);

    it('lets the command line work there with the same words, and come to the same', async () => {
      const { stack } = siteNow();
      const desk = new Desk();
      const there = ['--stack', `${stack.url}/v1`, '--population', 'desk'];
      const { accessKeyId, secretAccessKey } = stack.credentials;
      const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: 'us-east-1' };
      const as = (command: string, ...args: string[]) =>
        desk.start(process.execPath, [AKIN, command, ...args], env).ending;
      desk.put('gone.txt', 'u1\nu2\n');
      const wish = ['--seeds', 'seeds.txt', '--size', '30', '--ranker', 'similarity', '--exclude', 'gone.txt'];

      expect(await as('ingest', 'users.ndjson', ...there)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^desk: 400 users with \d+ features \(400 added, 0 replaced\); generation 1/),
        remarks: expect.stringContaining('send the files'),
      });
      expect((await as('list', ...there.slice(0, 2))).out).toMatch(/\ndesk +1 +400 /);
      desk.put(LOCAL_ADDRESS_FILE, JSON.stringify({ url: `${stack.url}/v1`, credentials: stack.credentials }));
      expect((await desk.akin('list', '--stack', 'local')).out).toMatch(/\ndesk +1 +400 /);
      expect(await as('expand', ...there, ...wish, '--out', 'there.csv')).toMatchObject({ code: 0 });
      await desk.akin('ingest', 'users.ndjson', '--population', 'desk');
      await desk.akin('expand', '--population', 'desk', ...wish, '--out', 'here.csv');
      expect(desk.read('there.csv')).toBe(desk.read('here.csv'));

      // Ids so long that a body could not hold them go as a list.
      desk.put(
        'long.txt',
        `${[...groupIds(40), ...Array.from({ length: 1_500 }, (_, n) => `${n}-`.padEnd(900, 'x'))].join('\n')}\n`,
      );
      const long = ['--seeds', 'long.txt', '--size', '30', '--ranker', 'similarity', '--exclude', 'gone.txt'];
      expect(await as('expand', ...there, ...long, '--out', 'long.csv')).toMatchObject({ code: 0 });
      expect(desk.read('long.csv')).toBe(desk.read('here.csv'));

      desk.put('nobody.txt', 'x1\n');
      expect(await as('expand', ...there, '--seeds', 'nobody.txt', '--size', '3')).toMatchObject({
        code: 2,
        remarks: expect.stringContaining('expected seeds that are users of the population'),
      });
      expect(await as('list', '--stack', 'https://127.0.0.1:1/v1')).toMatchObject({
        code: 2,
        remarks: expect.stringContaining('could not reach it'),
      });
      env.AWS_SECRET_ACCESS_KEY = 'wrong';
      expect(await as('list', ...there.slice(0, 2))).toMatchObject({
        code: 2,
        remarks: expect.stringContaining('it refuses them'),
      });
      env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
      expect(await as('delete', ...there)).toMatchObject({
        code: 0,
        out: expect.stringContaining('deleted desk (400 users)'),
      });
      expect(await as('delete', ...there)).toMatchObject({ code: 2 });
    }, 120_000);

    it('refuses who does not sign, and says nothing more', async () => {
      const answer = await fetch(`${siteNow().stack.url}/v1/populations`);

      expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'application/problem+json']);
      expect(await answer.json()).toMatchObject({ title: 'Forbidden', status: 403 });
    });

    it.each([
      [4 * MIB, 404, 'expected the name of an ingested population'],
      [4 * MIB + 1, 413, 'got 4194305'],
      [7 * MIB, 413, 'got a longer one'],
      [10 * MIB + 1, 413, 'got a longer one'],
    ])('answers a body of %d bytes with %d, as a problem', async (bytes, status, detail) => {
      const body = { seeds: ['u1'], size: 1 };
      const text = JSON.stringify(body).padEnd(bytes);
      const { stack } = siteNow();
      const url = new URL(`${stack.url}/v1/populations/nowhere/expansions`);
      const headers = signedHeaders('POST', url, text, stack.credentials);
      const answer = await fetch(url, { method: 'POST', headers, body: text });

      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
      expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
    });
  });
}

export async function clientFor(siteNow: () => LocalSite): Promise<OpenAPIClient> {
  const api = new OpenAPIClientAxios({ definition: JSON.parse(JSON.stringify(openApi())) });
  const client = await api.init<OpenAPIClient>();
  client.defaults.validateStatus = () => true;
  client.interceptors.request.use((config) => {
    const { stack } = siteNow();
    config.baseURL = `${stack.url}/v1`; // another one after each start
    const url = new URL(client.getUri(config));
    config.data = config.data === undefined ? '' : JSON.stringify(config.data);
    config.transformRequest = (data) => data;
    const method = (config.method ?? 'get').toUpperCase();
    config.headers.set(signedHeaders(method, url, config.data, stack.credentials));
    return config;
  });
  return client;
}

async function sent(files: readonly { readonly name: string; readonly url: string }[], content: string) {
  for (const { url } of files) expect((await fetch(url, { method: 'PUT', body: content })).status).toBe(200);
}
