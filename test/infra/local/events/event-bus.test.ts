import { describe, expect, it, vi } from 'vitest';
import { EventBus, type EventEntry, type Target } from '#infra/local/events/event-bus.ts';

const ENTRY: EventEntry = {
  source: 'akin',
  detailType: 'Ingested',
  detail: { population: 'people', counts: { users: 3 }, by: 'an "odd" name' },
  resources: ['arn:aws:s3:::drop'],
  time: new Date('2026-11-24T12:00:00.789Z'),
};

/** A bus on which no delivery may fail. */
function openBus(): EventBus {
  return new EventBus((rule, error) => {
    throw new Error(`delivery by ${rule} failed`, { cause: error });
  });
}

/** What a target is given for an entry. */
async function inputOf(target: Omit<Target, 'deliver'>, entry = ENTRY): Promise<unknown> {
  const bus = openBus();
  const deliver = vi.fn();
  bus.addRule({ name: 'all', pattern: { source: [{ prefix: '' }] }, targets: [{ ...target, deliver }] });
  bus.put(entry);
  await bus.idle();
  return deliver.mock.calls[0][0];
}

describe('the event bus', () => {
  it('gives an event what every event has', () => {
    const bus = openBus();

    const event = bus.put(ENTRY);

    expect(event).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Ingested',
      source: 'akin',
      account: '000000000000',
      time: '2026-11-24T12:00:00Z',
      region: 'us-east-1',
      resources: ['arn:aws:s3:::drop'],
      detail: ENTRY.detail,
    });
    expect(bus.events()).toEqual([event]);
  });

  it('delivers to the targets of each rule that matches, and to no other', async () => {
    const bus = openBus();
    const [first, second, third, other] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    bus.addRule({ name: 'a', pattern: { source: ['akin'] }, targets: [{ deliver: first }, { deliver: second }] });
    bus.addRule({ name: 'b', pattern: { detail: { population: ['people'] } }, targets: [{ deliver: third }] });
    bus.addRule({ name: 'c', pattern: { source: ['aws.s3'] }, targets: [{ deliver: other }] });

    const event = bus.put(ENTRY);
    expect(first).not.toHaveBeenCalled();
    await bus.idle();

    for (const target of [first, second, third]) expect(target.mock.calls).toEqual([[event]]);
    expect(other).not.toHaveBeenCalled();
  });

  it('tells which rule’s target failed, and delivers to the others all the same', async () => {
    const failed = vi.fn();
    const bus = new EventBus(failed);
    const deliver = vi.fn();
    const broken = () => Promise.reject(new Error('no'));
    bus.addRule({ name: 'a', pattern: { source: ['akin'] }, targets: [{ deliver: broken }, { deliver }] });

    bus.put(ENTRY);
    await bus.idle();

    expect(failed.mock.calls).toEqual([['a', new Error('no')]]);
    expect(deliver).toHaveBeenCalledTimes(1);
  });

  it('is idle only when what targets put is delivered as well', async () => {
    const bus = openBus();
    const last = vi.fn();
    const again = () => bus.put({ ...ENTRY, source: 'again' });
    const slow = async () => {
      await new Promise(setImmediate);
      last();
    };
    bus.addRule({ name: 'a', pattern: { source: ['akin'] }, targets: [{ deliver: again }] });
    bus.addRule({ name: 'b', pattern: { source: ['again'] }, targets: [{ deliver: slow }] });

    bus.put(ENTRY);
    await bus.idle();

    expect(last).toHaveBeenCalledTimes(1);
    expect(bus.events().map(({ source }) => source)).toEqual(['akin', 'again']);
  });

  it('keeps the latest few hundred events', () => {
    const bus = openBus();

    for (let at = 0; at < 600; at++) bus.put({ ...ENTRY, detail: { at } });

    expect(bus.events().map(({ detail }) => detail.at)).toEqual(Array.from({ length: 500 }, (_, at) => at + 100));
  });

  it('keeps events as they were, whatever a target does to its own', async () => {
    const bus = openBus();
    const spoil = (input: unknown) => Object.assign(Object(input), { source: 'spoiled' });
    bus.addRule({ name: 'a', pattern: { source: ['akin'] }, targets: [{ deliver: spoil }] });

    bus.put(ENTRY);
    await bus.idle();

    expect(bus.events()[0].source).toBe('akin');
  });

  it('refuses a pattern that it does not know when the rule is added', () => {
    const bus = openBus();

    expect(() => bus.addRule({ name: 'a', pattern: { source: [{ cidr: 'x' }] }, targets: [] })).toThrow('cidr');
  });
});

describe('the input of a target', () => {
  it('is a part of the event', async () => {
    expect(await inputOf({ InputPath: '$.detail' })).toEqual(ENTRY.detail);
    expect(await inputOf({ InputPath: '$.detail.counts.users' })).toBe(3);
    expect(await inputOf({ InputPath: '$' })).toMatchObject({ source: 'akin' });
  });

  it('is a constant', async () => {
    expect(await inputOf({ Input: '{"x":[1]}' })).toEqual({ x: [1] });
  });

  it('is a template with parts of the event', async () => {
    const InputTransformer = {
      InputPathsMap: { by: '$.detail.by', counts: '$.detail.counts', type: '$.detail-type' },
      InputTemplate: '{"who": <by>, "counts":<counts>, "list": [<type>], "note": "a < b, 3 > 2"}',
    };

    expect(await inputOf({ InputTransformer })).toEqual({
      who: 'an "odd" name',
      counts: { users: 3 },
      list: ['Ingested'],
      note: 'a < b, 3 > 2',
    });
  });

  it('is not delivered if the event lacks what it is made of', async () => {
    const failed = vi.fn();
    const bus = new EventBus(failed);
    const deliver = vi.fn();
    bus.addRule({ name: 'a', pattern: { source: ['akin'] }, targets: [{ InputPath: '$.detail.nothing', deliver }] });

    bus.put(ENTRY);
    await bus.idle();

    expect(failed.mock.calls).toEqual([['a', new Error('expected $.detail.nothing in the event, found nothing')]]);
    expect(deliver).not.toHaveBeenCalled();
  });

  it.each<[string, Omit<Target, 'deliver'>]>([
    ['the path $.resources[0]', { InputPath: '$.resources[0]' }],
    ['the path $.detail.*', { InputTransformer: { InputPathsMap: { x: '$.detail.*' }, InputTemplate: '<x>' } }],
    [
      '"hello <x>" in an InputTemplate',
      { InputTransformer: { InputPathsMap: { x: '$.id' }, InputTemplate: '"hello <x>"' } },
    ],
  ])('is refused by its name if it is %s', (name, target) => {
    const add = () =>
      openBus().addRule({ name: 'a', pattern: { source: ['x'] }, targets: [{ ...target, deliver: vi.fn() }] });

    expect(add).toThrow(`expected what the local stack knows, got ${name}`);
  });

  it.each<[string, Omit<Target, 'deliver'>]>([
    ['expected JSON as the Input of a target', { Input: 'hello' }],
    ['expected JSON as the InputTemplate of a target', { InputTransformer: { InputTemplate: 'hello' } }],
    ['expected <y> in the InputPathsMap', { InputTransformer: { InputPathsMap: { x: '$.id' }, InputTemplate: '<y>' } }],
    ['expected one of Input, InputPath for a target', { Input: '1', InputPath: '$' }],
  ])('is refused: %s', (expected, target) => {
    const add = () =>
      openBus().addRule({ name: 'a', pattern: { source: ['x'] }, targets: [{ ...target, deliver: vi.fn() }] });

    expect(add).toThrow(expected);
  });
});
