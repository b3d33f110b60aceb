/** Whatever comes by the API gets an answer: never a failure of akin's own, never anybody else's object. */
import { fc } from '@fast-check/vitest';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { arrowSeedFormat } from '#adapters/formats/arrow-seeds.ts';
import { Invalid } from '#application/errors.ts';
import { expandDrop } from '#application/expansion/expand-drop.ts';
import { RefreshRequest } from '#application/live/pending-refresh.ts';
import { refreshAudience } from '#application/live/refresh-audience.ts';
import type { Messages } from '#application/ports.ts';
import { HANDLERS } from '#functions/api.ts';
import { parametersOf, ROUTES, type Route } from '#functions/api-routes.ts';
import { HEAVY_HANDLERS } from '#functions/explain.ts';
import { type Handlers, respond } from '#functions/http.ts';
import { LIVE_HANDLERS } from '#functions/live-audience.ts';
import type { FunctionPorts } from '#functions/ports.ts';
import { MOST_BODY_BYTES } from '#functions/problem.ts';
import { drop, stageWith } from '../application/conductor.ts';
import { groupedPeople, groupIds, ingested, SETTINGS } from '../application/people.ts';

const RUNS = Number(process.env.API_RUNS ?? 3_000);

const link = async (name: string) => `https://example.test/${name}`;
const transfers = { writeSeconds: 1, begin: link, toPart: link, end: async () => {} };
const links = { readSeconds: 1, writeSeconds: 1, toRead: link, toWrite: link };

const ALL_HANDLERS = { ...HANDLERS, ...HEAVY_HANDLERS, ...LIVE_HANDLERS };

/** Answers of a site with some people, and an expansion of theirs. */
async function site() {
  const stage = stageWith();
  await ingested(stage, groupedPeople(110), { settings: SETTINGS });
  await drop(stage.ports, 'seeds/people/x.csv', `${groupIds(25).join('\n')}\n`);
  await expandDrop(stage.ports, SETTINGS, 'seeds/people/x.csv', 'message', Date.now());
  const messages: Messages = {
    // It comes at once.
    async send(message) {
      await refreshAudience(ports, SETTINGS, RefreshRequest.parse(message), Date.now());
    },
  };
  const ports = {
    ...stage.ports,
    settings: SETTINGS,
    links,
    transfers,
    messages,
    seedFormat: arrowSeedFormat,
    memoryBytes: 2 ** 30,
  } as unknown as FunctionPorts;
  const ask = async (event: APIGatewayProxyEvent, handlers: Handlers = ALL_HANDLERS) => {
    const { statusCode, headers, body } = await respond(handlers, () => ports, event);
    return { status: statusCode, type: headers?.['content-type'], body: body === '' ? undefined : JSON.parse(body) };
  };
  return { ask, objects: stage.ports.objects };
}

function eventFor(
  { method, path }: Pick<Route, 'method' | 'path'>,
  changes: Partial<APIGatewayProxyEvent> = {},
): APIGatewayProxyEvent {
  return {
    resource: path,
    httpMethod: method,
    path,
    headers: {},
    queryStringParameters: null,
    pathParameters: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { stage: 'v1' },
    ...changes,
  } as unknown as APIGatewayProxyEvent;
}

const HOSTILE = [
  '..',
  '../people',
  '__proto__',
  'constructor',
  '%00',
  '%2F',
  '%',
  '😀',
  "=cmd|' /C calc'!A0",
  '<script>',
];
const text = fc.oneof(
  fc.constant('people'),
  fc.constantFrom('people~x', 'u1'),
  fc.constantFrom('people', 'people~x', 'b1', 'u1', ...HOSTILE, 'x'.repeat(10_000)),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const ids = fc.oneof(fc.array(text, { maxLength: 5 }), fc.constant(undefined), fc.record({ list: text }));
const body = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { seeds: ids, size: fc.oneof(text, fc.double(), fc.integer()), ranker: text, exclude: fc.array(text), drop: ids },
    { requiredKeys: [] },
  ),
  fc.record({ seeds: fc.array(fc.oneof(fc.constant('u1'), fc.string({ minLength: 1 })), { minLength: 1 }) }),
  fc.record({ seeds: fc.constant(['u1', 'u2']), drop: fc.array(text), seed: fc.oneof(fc.nat(), text) }),
  fc.constant({ batch: 'b1', files: ['a.csv'] }),
  fc.record({ batch: text, files: fc.array(text, { maxLength: 3 }) }),
  fc.record({ list: text }),
  fc.record({ users: fc.array(fc.oneof(fc.constant('u1'), text), { maxLength: 5 }) }),
  fc.record({ seeds: ids }),
);
const anyEvent = fc
  .record({
    route: fc.constantFrom<Route>(...Object.values<Route>(ROUTES)),
    values: fc.array(text, { minLength: 2, maxLength: 2 }),
    query: fc.option(
      fc.dictionary(
        fc.constantFrom('cursor', 'limit', '__proto__', 'x'),
        fc.oneof(text, fc.constantFrom('1', '100', '101')),
      ),
    ),
    headers: fc.dictionary(fc.constantFrom('Prefer', 'Idempotency-Key', 'X'), fc.oneof(text, fc.constant('wait=0'))),
    body: fc.oneof(
      body.map((value) => JSON.stringify(value)),
      fc.string(),
      fc.constant(null),
    ),
  })
  // Without people there would be little to ask for.
  .filter(
    ({ route, values }) =>
      !(route === ROUTES.deletePopulation && values[0] === 'people') &&
      !(route === ROUTES.deleteExpansion && values[0] === 'people~x'),
  )
  .map(({ route, values, query, headers, body: sent }) =>
    eventFor(route, {
      pathParameters: Object.fromEntries(parametersOf(route.path).map((name, n) => [name, values[n]])),
      queryStringParameters: query,
      headers: withoutWait(headers),
      body: sent,
    }),
  );

/** A wait is for another test. */
function withoutWait(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/wait=\d/g, 'wait=')]),
  );
}

describe('any request', () => {
  it('is answered, a problem says what was expected, and nothing is written where callers may not', async () => {
    const { ask, objects } = await site();
    const before = new Set(await objects.list(''));
    const statuses = new Map<number, number>();
    const answered = new Set<string>();

    await fc.assert(
      fc.asyncProperty(anyEvent, async (event) => {
        const { status, type, body: said } = await ask(event);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(status).toBeLessThan(500);
        if (status < 400) answered.add(`${event.httpMethod} ${event.resource}`);
        if (status < 400) return;
        expect(type).toBe('application/problem+json');
        expect(said).toMatchObject({ type: 'about:blank', status, detail: expect.stringMatching(/expected/) });
      }),
      { numRuns: RUNS },
    );

    const written = (await objects.list('')).filter((name) => !before.has(name));
    const allowed = /^(?:populations|seeds)\/people\/[\w.=-]+(?:\/[\w.=-]+)?$|^live\/people\/[\w.-]+\/[\w-]+\//;
    expect(written.filter((name) => !allowed.test(name))).toEqual([]);
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 202, 400, 404]));
    const { uploads, expansions, member, requestSeedReport } = ROUTES;
    const wanted = [uploads, expansions, member, requestSeedReport].map(({ method, path }) => `${method} ${path}`);
    expect([...answered]).toEqual(expect.arrayContaining(wanted));
  }, 900_000);
});

describe('every route', () => {
  it('has a handler, in the function that it is sent to', () => {
    const namesOf = (worker: Route['worker']) =>
      Object.entries<Route>(ROUTES).flatMap(([name, route]) => (route.worker === worker ? name : []));

    expect(Object.keys(HANDLERS).toSorted()).toEqual(namesOf(undefined).toSorted());
    expect(Object.keys(HEAVY_HANDLERS).toSorted()).toEqual(namesOf('explain').toSorted());
    expect(Object.keys(LIVE_HANDLERS).toSorted()).toEqual(namesOf('live-audience').toSorted());
  });
});

describe('limits', () => {
  const seedsOf = (count: number) => Array.from({ length: count }, (_, n) => `u${n}`);
  const asking = (value: unknown, headers = {}) =>
    eventFor(ROUTES.requestExpansion, {
      pathParameters: { population: 'people' },
      headers,
      body: typeof value === 'string' ? value : JSON.stringify(value),
    });

  it.each([
    ['10,000 seeds', { seeds: seedsOf(10_000) }, 202],
    ['10,001 seeds', { seeds: seedsOf(10_001) }, 400],
    ['no seed', { seeds: [] }, 400],
    ['an id of 1,024 characters', { seeds: ['x'.repeat(1_024)] }, 202],
    ['an id of 1,025 characters', { seeds: ['x'.repeat(1_025)] }, 400],
    ['an option that there is not', { seeds: ['u1'], sise: 3 }, 400],
    ['no body', '', 400],
  ])('of %s', async (_, value, status) => {
    const { ask } = await site();

    expect(await ask(asking(value))).toMatchObject({ status });
  });

  const reporting = (value: unknown) =>
    eventFor(ROUTES.requestSeedReport, { pathParameters: { population: 'people' }, body: JSON.stringify(value) });
  const known = { seeds: groupIds(25) };

  it.each([
    ['10,000 seeds', { seeds: [...groupIds(1), ...seedsOf(20_000).slice(10_001)] }, 200],
    ['10,001 seeds', { seeds: seedsOf(10_001) }, 400],
    ['no seed', { seeds: [] }, 400],
    ['an id of 1,024 characters', { seeds: ['u0', 'x'.repeat(1_024)] }, 200],
    ['an id of 1,025 characters', { seeds: ['u0', 'x'.repeat(1_025)] }, 400],
    ['100 features to drop', { ...known, drop: seedsOf(100) }, 200],
    ['101 features to drop', { ...known, drop: seedsOf(101) }, 400],
    ['10,000 characters to drop', { ...known, drop: ['x'.repeat(4_000), 'y'.repeat(6_000)] }, 200],
    ['10,001 characters to drop', { ...known, drop: ['x'.repeat(4_000), 'y'.repeat(6_001)] }, 400],
    ['a seed of ten digits', { ...known, seed: 9_999_999_999 }, 200],
    ['a seed of eleven digits', { ...known, seed: 10_000_000_000 }, 400],
    ['a size, which a report has not', { ...known, size: 3 }, 400],
    ['a list that was not uploaded', { seeds: { list: 'gone.csv' } }, 404],
  ])('of a seed report of %s', async (_, value, status) => {
    const { ask } = await site();

    expect(await ask(reporting(value))).toMatchObject({ status });
  });

  it.each([
    [undefined, 200],
    ['1', 200],
    ['100', 200],
    ['0', 400],
    ['101', 400],
    ['1.5', 400],
    ['x', 400],
    ['', 400],
  ])('of lists: a limit of %j is answered by %d', async (limit, status) => {
    const { ask } = await site();
    for (const route of [ROUTES.uploads, ROUTES.expansions]) {
      const query = limit === undefined ? null : { limit };
      const answer = await ask(
        eventFor(route, { pathParameters: { population: 'people' }, queryStringParameters: query }),
      );

      expect(answer).toMatchObject({ status });
    }
  });

  it('of a body, to the byte', async () => {
    const { ask } = await site();
    const start = '{"seeds":["u1"]}';

    expect(await ask(asking(start.padEnd(MOST_BODY_BYTES)))).toMatchObject({ status: 202 });
    expect(await ask(asking(start.padEnd(MOST_BODY_BYTES + 1)))).toMatchObject({ status: 413 });
  });

  it('of keys, and of what one key may ask for', async () => {
    const { ask } = await site();
    const key = (length: number) => ({ 'Idempotency-Key': 'k'.repeat(length) });

    expect(await ask(asking({ seeds: ['u1'] }, key(255)))).toMatchObject({ status: 202 });
    expect(await ask(asking({ seeds: ['u1'] }, key(256)))).toMatchObject({ status: 400 });
    expect(await ask(asking({ seeds: ['u2'] }, key(255)))).toMatchObject({ status: 422 });
  });
});

describe('live audiences', () => {
  const SPRING = { population: 'people', audience: 'spring' };
  const calling = (route: Route, value?: unknown, pathParameters: Record<string, string> = SPRING) =>
    eventFor(route, { pathParameters, body: value === undefined ? null : JSON.stringify(value) });
  const idsOf = (count: number, length = 1) => Array.from({ length: count }, (_, n) => `u${n}`.padEnd(length, 'x'));

  it('are begun once, stand as they are, and are forgotten', async () => {
    const { ask } = await site();
    const begin = () => ask(calling(ROUTES.beginAudience));
    const forget = () => ask(calling(ROUTES.forgetAudience));

    const nobody = { ...SPRING, answeredBy: 'nobody', isBehind: false };
    expect(await begin()).toMatchObject({ status: 201, body: nobody });
    expect(await begin()).toMatchObject({ status: 200, body: nobody });
    expect(await ask(calling(ROUTES.scoreUsers, { users: ['u1'] }))).toMatchObject({ status: 409 });
    expect(await ask(calling(ROUTES.addSeeds, { seeds: idsOf(50) }))).toMatchObject({
      status: 202,
      body: { added: 50 },
    });
    const known = await ask(calling(ROUTES.audience));
    expect(known).toMatchObject({ status: 200, body: { answeredBy: 'fallback', refreshed: { known: 50 } } });
    expect(ROUTES.audience.answer.parse(known.body)).toEqual(known.body);
    const scores = await ask(calling(ROUTES.scoreUsers, { users: ['u1', 'x1'] }));
    expect(scores).toMatchObject({ status: 200, body: { scores: [{ userId: 'u1' }], unknown: ['x1'] } });
    expect(ROUTES.scoreUsers.answer.parse(scores.body)).toEqual(scores.body);
    expect([await forget(), await forget(), await begin()]).toMatchObject([
      { status: 204 },
      { status: 404 },
      { status: 201 },
    ]);
  });

  it.each([
    ['of nowhere', { population: 'nowhere', audience: 'spring' }, 404],
    ['of a name that is none', { population: 'people', audience: '..' }, 400],
    ['that was not begun', { population: 'people', audience: 'summer' }, 404],
  ])('%s are refused', async (_, at, status) => {
    const { ask } = await site();

    for (const route of [ROUTES.audience, ROUTES.forgetAudience, ROUTES.addSeeds, ROUTES.scoreUsers])
      expect(await ask(calling(route, { [route === ROUTES.addSeeds ? 'seeds' : 'users']: ['u1'] }, at))).toMatchObject({
        status,
      });
  });

  it.each([
    ['10,000 seeds', ROUTES.addSeeds, { seeds: idsOf(10_000) }, 202],
    ['10,001 seeds', ROUTES.addSeeds, { seeds: idsOf(10_001) }, 400],
    ['no seed', ROUTES.addSeeds, { seeds: [] }, 400],
    ['a seed of 1,024 characters', ROUTES.addSeeds, { seeds: idsOf(1, 1_024) }, 202],
    ['a seed of 1,025 characters', ROUTES.addSeeds, { seeds: idsOf(1, 1_025) }, 400],
    ['an empty id', ROUTES.addSeeds, { seeds: [''] }, 400],
    ['a list that is not there', ROUTES.addSeeds, { seeds: { list: 'no.csv' } }, 404],
    ['another option', ROUTES.addSeeds, { seeds: ['u1'], size: 3 }, 400],
    ['1,000 users', ROUTES.scoreUsers, { users: idsOf(1_000) }, 200],
    ['1,001 users', ROUTES.scoreUsers, { users: idsOf(1_001) }, 400],
    ['no user', ROUTES.scoreUsers, { users: [] }, 400],
    ['a user of 1,025 characters', ROUTES.scoreUsers, { users: idsOf(1, 1_025) }, 400],
    ['no body', ROUTES.scoreUsers, undefined, 400],
  ])('have limits: %s', async (_, route, value, status) => {
    const { ask } = await site();
    await ask(calling(ROUTES.beginAudience));
    await ask(calling(ROUTES.addSeeds, { seeds: idsOf(30) }));

    expect(await ask(calling(route, value))).toMatchObject({ status });
  });
});

describe('a failure', () => {
  const failing = (error: Error): Handlers => ({ populations: async () => Promise.reject(error) });

  it('of akin itself, or of AWS, says nothing of what is within', async () => {
    const { ask } = await site();
    const denied = Object.assign(new Error('arn:aws:secret'), { $metadata: {} });
    for (const error of [new Error('secret'), new Invalid('secret', { cause: denied })]) {
      const answer = await ask(eventFor(ROUTES.populations), failing(error));
      expect(answer).toMatchObject({ status: 500, body: { detail: 'akin failed; its logs say more' } });
    }
  });

  it('to find the route is a problem as well', async () => {
    const { ask } = await site();

    expect(await ask(eventFor({ method: 'GET', path: '/elsewhere' }))).toMatchObject({ status: 404 });
  });
});
