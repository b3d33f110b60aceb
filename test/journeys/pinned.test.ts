/** A pinned population in the synthesized stack: its function carries its index, through uploads, deployments and its end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYER_ROOM_BYTES } from '#adapters/lambda-index-layers.ts';
import { bytesIn } from '#infra/local/functions-of-template.ts';
import { UNPACKED_LIMIT_BYTES } from '#infra/local/lambda/layer-versions.ts';
import { allows } from '#infra/local/permissions.ts';
import { groupedPeople, groupIds } from '../application/people.ts';
import { LocalSite } from './local-site.ts';
import { signedHeaders } from './signed-request.ts';

const peopleOf = (count: number) =>
  groupedPeople(count)
    .map((user) => `${JSON.stringify(user)}\n`)
    .join('');
const FRIENDS = `${groupIds(40).join('\n')}\n`;
const POPULATIONS = ['pinned.people', 'others'];

let site: LocalSite;

beforeAll(async () => {
  site = await LocalSite.open({ AKIN_QUIET_SECONDS: '1' }, ['pinned=pinned.people']);
}, 180_000);
afterAll(() => site.close());

/** What becomes of the same seeds for both populations. */
async function expand(name: string) {
  for (const population of POPULATIONS) {
    await site.put(`seeds/${population}/${name}.json`, '{"size":10,"candidates":"both"}');
    await site.put(`seeds/${population}/${name}.csv`, FRIENDS);
  }
  await site.stack.idle();
  const told = POPULATIONS.map((population) => site.json(`audiences/${population}/${name}.json`));
  const [pinned, other] = await Promise.all(told);
  expect([pinned.state, other.state, site.lines.filter((line) => line.includes('ERROR'))]).toEqual([
    'ready',
    'ready',
    [],
  ]);
  expect(await site.get(pinned.audience)).toBe(await site.get(other.audience));
  return [pinned.index.from, other.index.from];
}

async function upload(batch: string, people: string) {
  for (const population of POPULATIONS) await site.upload(`${population}/${batch}`, { 'people.ndjson': people });
  await site.stack.idle();
}

function pinned() {
  const [versions] = site.stack.versions.values();
  return versions;
}

describe('a pinned population', () => {
  it('has a function that carries its index as soon as it is uploaded, and gives the audience of any other', async () => {
    await upload('b1', peopleOf(400));

    expect(await expand('first')).toEqual(['layer', 'storage']);
    expect(pinned().alias('live').FunctionVersion).not.toBe('$LATEST');
  }, 120_000);

  it('is carried on after a deployment, which does not publish it anew', async () => {
    const [, before] = pinned().calledLayers;
    await site.restart();
    await site.stack.idle();

    expect(pinned().calledLayers[1]).toBe(before);
    expect((await expand('second'))[0]).toBe('layer');
  }, 120_000);

  it('is carried in its next generation, the one before it kept', async () => {
    const [, before] = pinned().calledLayers;
    await upload('b2', peopleOf(500));

    expect(pinned().calledLayers[1]).not.toBe(before);
    expect((await expand('third'))[0]).toBe('layer');
    expect(pinned().versions()).toHaveLength(3);
  }, 120_000);

  it('is carried nowhere any more once it is forgotten', async () => {
    const carried = pinned().calledLayers[1];
    const url = new URL(`${site.stack.url}/v1/populations/pinned.people`);
    const headers = signedHeaders('DELETE', url, '', site.stack.credentials);

    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204);
    await site.stack.idle();

    expect(carried).toBeDefined();
    expect(pinned().calledLayers).toHaveLength(1);
    expect(
      pinned()
        .versions()
        .flatMap(({ Layers }) => Layers.filter(({ Arn }) => Arn.includes('pinned'))),
    ).toEqual([]);
  }, 120_000);

  it('is not touched by an event of another, and what is no event is refused and not logged', async () => {
    const { handler } = site.functionOf('pin-index');
    const event = JSON.parse(readFileSync(join('events', 'pin-index.json'), 'utf8'));
    const before = structuredClone(pinned().alias('live'));
    site.lines.length = 0;

    const { payload } = await handler.invoke(event);
    const refusal = await handler.invoke({ secret: 'u0-is-a-person' }).catch((error: Error) => error.name);

    expect([payload, refusal, pinned().alias('live')]).toEqual([{ batchItemFailures: [] }, 'ZodError', before]);
    expect(site.lines.join('\n')).not.toContain('u0-is-a-person');
  });

  it('leaves nothing in the dead letters', () => {
    const [, queue] = site.stack.queues.entries().find(([id]) => id.startsWith('deadletters')) ?? [];

    expect(queue?.messages()).toEqual([]);
  });

  it('takes only what the roles allow, and uses all that the one that pins is allowed', () => {
    const caller = site.functionOf('pin-index').id;
    const calls = site.calls.of(caller);
    const unused = site.stack
      .permissionsOf(caller)
      .flatMap((permission) => permission.actions.map((action) => ({ ...permission, actions: [action] })))
      .filter((permission) => !calls.some((call) => allows(permission, call)))
      .flatMap(({ actions }) => actions);

    // Of Lambda itself, and of faults.
    expect(new Set(unused)).toEqual(
      new Set([
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'sqs:SendMessage',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
      ]),
    );
  });

  it('has room beside the bundle and the native layer, with as much left as they take', () => {
    const [{ properties }] = site.stack.template
      .ofType('AWS::Lambda::Function')
      .filter(({ id }) => id.startsWith('pinned'));
    const [native] = site.stack.template.ofType('AWS::Lambda::LayerVersion');
    const taken = [properties.Code, native.properties.Content].map((asset) =>
      bytesIn(site.stack.template.assetFolder(asset)),
    );

    expect(LAYER_ROOM_BYTES + 2 * (taken[0] + taken[1])).toBeLessThan(UNPACKED_LIMIT_BYTES);
  });
});
