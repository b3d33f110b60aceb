/** From nothing to an audience in the synthesized stack, and through what may go wrong on the way. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPopulation } from '#application/population.ts';
import { allows } from '#infra/local/permissions.ts';
import { groupedPeople, groupIds } from '../application/people.ts';
import { markdownTable } from '../bench/markdown.ts';
import { Desk } from './command-line.ts';
import { describeCommandLineInStack } from './command-line-in-stack.ts';
import { describeLiveAudiences } from './live-way.ts';
import { LocalSite } from './local-site.ts';
import { describePartnersWay } from './partners-way.ts';
import { describeTraining } from './training-in-stack.ts';

/** Small enough that everything that the stack does for large files and populations is done for these. */
const SETTINGS = {
  AKIN_QUIET_SECONDS: '1',
  AKIN_REFRESH_SECONDS: '4',
  AKIN_EXPAND_USERS: '5000',
  AKIN_SPLIT_BYTES: '400000',
  AKIN_MAX_GZIP_BYTES: '2048',
};

const DEMO = 'infra/cli/demo';
const lines = gunzipSync(readFileSync(join(DEMO, 'users.ndjson.gz')))
  .toString()
  .trimEnd()
  .split('\n');
const VISITORS = [lines.slice(0, 20_000), lines.slice(20_000)].map((half) => `${half.join('\n')}\n`);
const [campaign] = gunzipSync(readFileSync(join(DEMO, 'campaigns.ndjson.gz')))
  .toString()
  .split('\n')
  .map((line) => JSON.parse(line || '{}'));
const SEEDS = `${campaign.seeds.join('\n')}\n`;

const people = groupedPeople(400);
const PEOPLE = people.map((user) => `${JSON.stringify(user)}\n`).join('');
const FRIENDS = `${groupIds(40).join('\n')}\n`;

let site: LocalSite;

beforeAll(async () => {
  Object.assign(process.env, SETTINGS);
  site = await LocalSite.open(SETTINGS);
}, 120_000);
afterAll(async () => {
  await site.close();
  for (const name of Object.keys(SETTINGS)) delete process.env[name];
});

/** What the command line makes of the same files. */
async function onTheCommandLine(
  population: string,
  files: Readonly<Record<string, string>>,
  seeds: string,
  flags: readonly string[],
) {
  const desk = new Desk();
  for (const [name, text] of Object.entries(files)) desk.put(name, text);
  desk.put('seeds.csv', seeds);
  expect((await desk.akin('ingest', ...Object.keys(files), '--population', population)).code).toBe(0);
  const expansion = await desk.akin('expand', '--population', population, '--seeds', 'seeds.csv', ...flags, '--json');
  expect(expansion).toMatchObject({ code: 0 });
  const { files: written } = JSON.parse(expansion.out);
  const read = (path: string) => readFileSync(join(desk.folder, path), 'utf8');
  return { audience: read(written.audience), report: read(written.report), manifest: read(written.manifest) };
}

async function inTheStack(population: string, name: string) {
  const told = await site.json(`audiences/${population}/${name}.json`);
  expect({ ...told, logged: told.state === 'ready' ? [] : site.lines.slice(-5) }).toMatchObject({
    state: 'ready',
    logged: [],
  });
  return {
    audience: await site.get(told.audience),
    report: await site.get(told.report),
    manifest: await site.get(told.manifest),
  };
}

function announced(what: string) {
  return site.stack.bus.events().filter((event) => event.source === 'akin' && event['detail-type'] === what);
}

function deadLetters() {
  const [, queue] = site.stack.queues.entries().find(([id]) => id.startsWith('deadletters')) ?? [];
  return (queue?.messages() ?? []).map(({ attributes, body }) => ({
    reason: attributes.reason?.value,
    key: JSON.parse(body).detail.object?.key,
  }));
}

describe('the stack on a laptop', () => {
  it('makes of an upload of two files and a seed file the audience of the command line, to the byte', async () => {
    await site.upload('visitors/b1', { 'a.ndjson': VISITORS[0], 'b.ndjson': VISITORS[1] });
    await site.put('seeds/visitors/spring.json', JSON.stringify({ size: 1_000, drop: campaign.drop }));
    await site.stack.idle();
    await site.put('seeds/visitors/spring.csv', SEEDS);
    await site.stack.idle();

    const flags = ['--size', '1000', ...campaign.drop.flatMap((feature: string) => ['--drop', feature])];
    const expected = await onTheCommandLine(
      'visitors',
      { 'a.ndjson': VISITORS[0], 'b.ndjson': VISITORS[1] },
      SEEDS,
      flags,
    );

    expect(await site.json('populations/visitors/b1/_STATUS.json')).toMatchObject({
      state: 'done',
      users: 32_711,
      added: 32_711,
    });
    expect(await inTheStack('visitors', 'spring')).toEqual(expected);
    expect(expected.audience.split('\n')).toHaveLength(1_002);
    expect(announced('audience ready')).toHaveLength(1);
  }, 120_000);

  it('does so in one function where the population is small, whichever way candidates are found', async () => {
    await site.upload('people/b1', { 'people.ndjson': PEOPLE });
    await site.stack.idle();
    for (const candidates of ['all', 'buckets', 'neighbors', 'both']) {
      await site.put(`seeds/people/${candidates}.json`, JSON.stringify({ size: 10, candidates }));
      await site.put(`seeds/people/${candidates}.csv`, FRIENDS);
    }
    await site.stack.idle();

    for (const candidates of ['all', 'buckets', 'neighbors', 'both']) {
      const flags = ['--size', '10', '--candidates', candidates];
      const expected = await onTheCommandLine('people', { 'people.ndjson': PEOPLE }, FRIENDS, flags);
      expect(await inTheStack('people', candidates)).toEqual(expected);
      expect(JSON.parse(expected.report).retrieval.used).toBe(candidates);
    }
  }, 120_000);

  it('reads the files of a population once for jobs that one process does after each other, and says so', async () => {
    const names = ['first', 'second'];
    // Beforehand: options wake a function as seeds do, which would be another one than that which has read the files.
    for (const name of names) await site.put(`seeds/people/${name}.json`, '{"size":10,"candidates":"neighbors"}');
    await site.stack.idle();
    for (const name of names) {
      await site.put(`seeds/people/${name}.csv`, FRIENDS);
      await site.stack.idle();
    }

    expect(await site.json('audiences/people/second.json')).toMatchObject({ state: 'ready', index: { from: 'cache' } });
    const [first, second] = await Promise.all(['first', 'second'].map((name) => inTheStack('people', name)));
    expect(second).toEqual(first);
  }, 60_000);

  it('closes a batch after a quiet time', async () => {
    await site.put('populations/quiet/b1/people.ndjson', PEOPLE);
    await site.stack.idle();

    expect(await site.json('populations/quiet/b1/_STATUS.json')).toMatchObject({ state: 'done', users: 400 });
  }, 60_000);

  it('puts a poisoned file away with its reason, and goes on with the others', async () => {
    await Promise.all([
      site.put('seeds/people/poison.csv', 'x1\nx2\n'),
      site.put('seeds/people/after.csv', FRIENDS),
      site.put('seeds/people/not a name.csv', FRIENDS),
    ]);
    await site.stack.idle();

    expect(await site.json('audiences/people/after.json')).toMatchObject({ state: 'ready' });
    const reason =
      'seeds/people/poison.csv: expected seeds that are users of the population, but 0 of 2 are; they look like "x1", "x2"';
    expect(await site.json('audiences/people/poison.json')).toMatchObject({ state: 'failed', reason });
    expect(deadLetters()).toContainEqual({ key: 'seeds/people/poison.csv', reason });
    expect(deadLetters()).toContainEqual({
      key: 'seeds/people/not a name.csv',
      reason: expect.stringContaining('seeds/people/not a name.csv: expected seeds/<population>/<campaign>.csv'),
    });
    expect(announced('expansion failed').map(({ detail }) => detail)).toContainEqual({
      population: 'people',
      campaign: 'poison',
      reason,
    });
  }, 60_000);

  it.each(['SIGKILL'] as const)(
    'tells of a drop whose function dies each time, by %s',
    async (signal) => {
      const { id, handler } = site.functionOf('expand-drop');
      site.observe = (caller, call) => {
        if (caller === id && call.resource.endsWith('seeds/people/deadly.csv')) handler.kill(signal);
      };
      await site.put('seeds/people/deadly.csv', FRIENDS);
      await site.stack.idle();
      site.observe = () => {};

      const reason = 'an unexpected failure of akin itself; its logs say more';
      expect(await site.json('audiences/people/deadly.json')).toMatchObject({ state: 'failed', reason });
      expect(deadLetters()).toContainEqual({ key: 'seeds/people/deadly.csv', reason });
    },
    60_000,
  );

  it('refuses an upload with its reason, and keeps what was there', async () => {
    await site.upload('people/bad', { 'a.ndjson': PEOPLE, 'b.csv': 'id,city\nu1,Porto\nu2\n' });
    await site.stack.idle();

    expect(await site.json('populations/people/bad/_STATUS.json')).toMatchObject({
      state: 'failed',
      reason: 'populations/people/bad/b.csv, line 3: expected as many cells as in the first line (2), got 1',
    });
    expect((await openPopulation(site.ports(), 'people', () => {})).generation).toBe(1);
  }, 60_000);

  it('tells why an expansion over many functions failed, and of a population that is not there', async () => {
    await site.put('seeds/visitors/few.csv', `${campaign.seeds.slice(0, 3).join('\n')}\n`);
    await site.put('seeds/visitor/spring.csv', SEEDS);
    await site.stack.idle();

    const reason = 'seeds/visitors/few.csv: expected at least 25 seeds that are users of the population, got 3 of 3';
    expect(await site.json('audiences/visitors/few.json')).toMatchObject({ state: 'failed', reason });
    expect(announced('expansion failed').map(({ detail }) => detail.reason)).toContain(reason);
    expect(await site.json('audiences/visitor/spring.json')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(
        'expected the name of an ingested population, got "visitor" (nearest: "visitors"',
      ),
    });
  }, 60_000);

  it('cuts a gzipped file that is too long for one function into pieces', async () => {
    await site.upload('long/b1', { 'people.ndjson.gz': gzipSync(PEOPLE) });
    await site.stack.idle();

    expect(await site.json('populations/long/b1/_STATUS.json')).toMatchObject({ state: 'done', users: 400 });
    expect((await site.list('parts/long/')).filter((name) => name.includes('/pieces/'))).not.toEqual([]);
  }, 60_000);

  it('does once what it is told twice', async () => {
    const before = site.stack.bus.events().length;
    await site.upload('twice/b1', { 'people.ndjson': PEOPLE });
    await site.stack.idle();
    await site.put('seeds/twice/spring.csv', FRIENDS);
    await site.stack.idle();
    const drops = site.stack.bus
      .events()
      .slice(before)
      .filter(({ source }) => source === 'aws.s3' || source === 'aws.states');
    expect(drops.length).toBeGreaterThan(4);

    for (const { source, detail, ...event } of drops.toReversed())
      site.stack.bus.put({ source, detail, detailType: event['detail-type'] });
    await site.stack.idle();

    const told = (what: string) => announced(what).filter(({ detail }) => detail.population === 'twice');
    expect([told('upload done').length, told('audience ready').length]).toEqual([1, 1]);
    expect((await openPopulation(site.ports(), 'twice', () => {})).generation).toBe(1);
    expect(await site.list('audiences/twice/')).toHaveLength(4);
  }, 60_000);

  it.each(['before', 'after'] as const)(
    'keeps the old generation readable when publishing is killed %s the swap, and publishes when it is tried again',
    async (killed) => {
      const population = `killed-${killed}`;
      await site.upload(`${population}/b1`, { 'people.ndjson': PEOPLE });
      await site.stack.idle();
      const { id, handler } = site.functionOf('publish-upload');
      const seen: number[] = [];
      site.observe = async (caller, call, moment) => {
        if (caller !== id || call.action !== 'dynamodb:PutItem' || moment !== killed || seen.length > 0) return;
        seen.push((await openPopulation(site.ports(), population, () => {})).generation);
        handler.kill('SIGKILL');
      };

      await site.upload(`${population}/b2`, { 'people.ndjson': '{"id":"new","features":["any:1"]}\n' });
      await site.stack.idle();
      site.observe = () => {};

      expect(seen).toEqual([killed === 'before' ? 1 : 2]);
      const { generation, shards } = await openPopulation(site.ports(), population, () => {});
      expect([generation, shards.flatMap(({ ids }) => ids).length]).toEqual([2, 401]);
      expect(await site.json(`populations/${population}/b2/_STATUS.json`)).toMatchObject({
        state: 'done',
        added: 1,
        users: 401,
      });
    },
    60_000,
  );

  it('brings two batches at once out as if one had come after the other', async () => {
    const [first, second] = [people.slice(0, 300), people.slice(200).map(({ id }) => ({ id, features: ['any:new'] }))];
    const text = (users: readonly object[]) => users.map((user) => `${JSON.stringify(user)}\n`).join('');
    await Promise.all([
      site.upload('both/b1', { 'people.ndjson': text(first) }),
      site.upload('both/b2', { 'people.ndjson': text(second) }),
    ]);
    await site.stack.idle();

    const { generation, shards } = await openPopulation(site.ports(), 'both', () => {});
    const features = new Map(
      shards.flatMap((shard) => shard.ids.map((id, u) => [id, shard.rows.offsets[u + 1] - shard.rows.offsets[u]])),
    );
    const states = await Promise.all(['b1', 'b2'].map((batch) => site.json(`populations/both/${batch}/_STATUS.json`)));
    expect(generation).toBe(2);
    expect(features.size).toBe(400);
    expect(states.map(({ state }) => state)).toEqual(['done', 'done']);
    // Whichever came second has the last word on those who are in both.
    const lastWord = states[1].generation === 2 ? second : first;
    for (const { id, features: own } of lastWord) expect(features.get(id)).toBe(own.length);
  }, 60_000);

  it('takes up after a restart what it was told before', async () => {
    await site.put('seeds/people/restart.json', '{"size":10}');
    await site.put('seeds/people/restart.csv', FRIENDS);
    await site.restart();
    await site.stack.idle();

    expect(await site.json('audiences/people/restart.json')).toMatchObject({ state: 'ready', size: 10 });
  }, 60_000);
});

describe('each function', () => {
  // Where nothing is pinned nothing pins; test/journeys/pinned.test.ts sends that one its event.
  const events = readdirSync('events').flatMap((file) => (file === 'pin-index.json' ? [] : file.replace('.json', '')));

  it.each(events)('answers an event as %s gets it, whatever it finds', async (name) => {
    const event = JSON.parse(readFileSync(join('events', `${name}.json`), 'utf8'));
    const outcome = await site
      .functionOf(name)
      .handler.invoke(event)
      .then(
        ({ payload }) => payload,
        (error: Error) => error.name,
      );

    // What is an event is put away where it cannot be done; what is a call is answered; what is a step fails by the name of its fault.
    const isCall = event.httpMethod !== undefined;
    const isMessage = event.Records !== undefined || event.source !== undefined;
    const isEnd = name.startsWith('end-');
    expect(outcome).toEqual(
      isMessage
        ? { batchItemFailures: [] }
        : isEnd
          ? expect.objectContaining({ population: 'shop' })
          : isCall
            ? expect.objectContaining({ headers: { 'content-type': 'application/problem+json' } })
            : expect.stringMatching(/^(Invalid|NotFound|Error)$/),
    );
  });

  it('refuses what is no event of its own, and logs nothing of it', async () => {
    site.lines.length = 0;
    const faults: string[] = [];
    for (const { handler } of events.map((name) => site.functionOf(name))) {
      await handler.invoke({ secret: 'u0-is-a-person' }).then(
        ({ payload }) => expect(payload).toMatchObject({ statusCode: 404 }),
        (error: Error) => faults.push(error.name),
      );
    }
    await site.functionOf('expand-drop').handler.invoke({
      Records: [{ messageId: 'm', body: '{"secret":"u0-is-a-person"}', attributes: { ApproximateReceiveCount: '1' } }],
    });

    expect(faults).toHaveLength(events.length - 3); // calls are answered
    expect(site.lines.join('\n')).not.toContain('u0-is-a-person');
  });
});

describe('logs', () => {
  it('hold no id of a person, whatever was told of', async () => {
    site.lines.length = 0;
    await site.put('seeds/people/private.csv', 'very-private-1\nvery-private-2\n');
    await site.upload('private/b1', {
      'a.ndjson': '{"id":"very-private-3","features":["a"]}\n{"id":"very-private-4"}\n',
    });
    await site.stack.idle();

    expect(await site.json('audiences/people/private.json')).toMatchObject({
      reason: expect.stringContaining('very-private-1'),
    });
    expect(site.lines.length).toBeGreaterThan(5);
    expect(site.lines.filter((line) => line.includes('very-private'))).toEqual([]);
  }, 60_000);
});

describePartnersWay(() => site);
describeCommandLineInStack(() => site);

describeLiveAudiences(() => site);
describeTraining(() => site);

describe('least privilege', () => {
  it('was enough for all that was done here: no call was denied', () => {
    expect(site.lines.filter((line) => /AccessDenied|not authorized/.test(line))).toEqual([]);
    expect(site.calls.callers().length).toBeGreaterThanOrEqual(15);
    for (const caller of site.calls.callers()) {
      const permissions = site.stack.permissionsOf(caller);
      const denied = site.calls
        .of(caller)
        .filter((call) => !permissions.some((permission) => allows(permission, call)));
      expect({ caller, denied }).toEqual({ caller, denied: [] });
    }
  });

  it('lists in docs/permissions.md what was used, and what was granted and not used', async () => {
    const rows = site.calls
      .callers()
      .sort()
      .flatMap((caller) => {
        const calls = site.calls.of(caller);
        return site.stack.permissionsOf(caller).flatMap((permission) =>
          permission.actions.map((action) => {
            const one = { ...permission, actions: [action] };
            const isUsed = calls.some((call) => allows(one, call));
            const resources = [...new Set(permission.resources.map((resource) => shortened(resource)))].join(' ');
            return [shortened(caller), action, resources, isUsed ? 'yes' : ''];
          }),
        );
      });

    const page = `# Permissions

What each role of the stack allows, and whether this was used when the tests drove the whole stack on a laptop (\`test/journeys/stack.test.ts\`, which
writes this page; there every call is held against the caller's role before it is made, so what is not allowed fails). What is not marked as used belongs to
Lambda and Step Functions themselves (logs, traces, executions of a map), to faults, or to ways that these tests do not go.

${markdownTable(['who', 'action', 'on', 'used'], rows)}
`;
    await expect(page).toMatchFileSnapshot('../../docs/permissions.md');
  });
});

/** Without what the synthesis adds to names. */
function shortened(name: string): string {
  return name
    .replaceAll('arn:aws:', '')
    .replaceAll('us-east-1:000000000000:', '')
    .replaceAll(/[0-9A-F]{8}(?=$|\W)/g, '')
    .replaceAll(/storesbucket[0-9a-f]{8}/g, 'bucket');
}
