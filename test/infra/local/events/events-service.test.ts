import { EventBridgeClient, PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EventBus } from '#infra/local/events/event-bus.ts';
import { EventsService } from '#infra/local/events/events-service.ts';
import { localEndpoint } from '../local-endpoint.ts';

async function openEvents() {
  const bus = new EventBus((_, error) => {
    throw error;
  });
  const { config, calls } = await localEndpoint({ events: new EventsService(bus) });
  const client = new EventBridgeClient(config);
  onTestFinished(() => client.destroy());
  return { bus, client, calls };
}

const ENTRY = { Source: 'akin', DetailType: 'Ingested', Detail: '{"population":"people"}' };

describe('the EventBridge client', () => {
  it('puts events on the default bus', async () => {
    const { bus, client, calls } = await openEvents();
    const Time = new Date('2026-11-24T12:00:00Z');

    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          { ...ENTRY, Resources: ['arn:x'], Time },
          { ...ENTRY, EventBusName: 'default' },
        ],
      }),
    );

    expect(answer).toMatchObject({ FailedEntryCount: 0, Entries: bus.events().map(({ id }) => ({ EventId: id })) });
    expect(bus.events()).toMatchObject([
      {
        source: 'akin',
        'detail-type': 'Ingested',
        detail: { population: 'people' },
        resources: ['arn:x'],
        time: '2026-11-24T12:00:00Z',
      },
      { resources: [] },
    ]);
    expect(calls).toEqual(['events:PutEvents arn:aws:events:us-east-1:000000000000:event-bus/default']);
  });

  it('is told of each entry that is bad; the others are put', async () => {
    const { bus, client } = await openEvents();
    const { Source, DetailType, Detail } = ENTRY;

    const { FailedEntryCount, Entries } = await client.send(
      new PutEventsCommand({
        Entries: [
          { DetailType, Detail },
          { Source, Detail },
          { Source, DetailType },
          ENTRY,
          { ...ENTRY, Detail: 'no JSON' },
          { ...ENTRY, Detail: '[1]' },
          { ...ENTRY, Source: 'aws.s3' },
        ],
      }),
    );

    expect(FailedEntryCount).toBe(6);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      'InvalidArgument',
      'InvalidArgument',
      'InvalidArgument',
      undefined,
      'MalformedDetail',
      'MalformedDetail',
      'NotAuthorizedForSourceException',
    ]);
    expect(bus.events()).toHaveLength(1);
  });

  it.each([
    ['no entries', [], 'expected 1 to 10 entries, got 0'],
    ['more than ten', Array.from({ length: 11 }, () => ENTRY), 'expected 1 to 10 entries, got 11'],
    ['too many bytes', [{ ...ENTRY, Detail: JSON.stringify({ x: 'ü'.repeat(131_072) }) }], 'at most 262144 bytes'],
    [
      'another bus',
      [{ ...ENTRY, EventBusName: 'mine' }],
      'the event bus arn:aws:events:us-east-1:000000000000:event-bus/mine',
    ],
    ['a header for traces', [{ ...ENTRY, TraceHeader: 'Root=1' }], 'the field TraceHeader of an entry of PutEvents'],
  ])('is refused a request with %s', async (_, Entries, expected) => {
    const { bus, client } = await openEvents();

    await expect(client.send(new PutEventsCommand({ Entries }))).rejects.toThrow(expected);

    expect(bus.events()).toEqual([]);
  });

  it('is refused what is not known here, by its name', async () => {
    const { client } = await openEvents();

    await expect(client.send(new PutRuleCommand({ Name: 'x' }))).rejects.toThrow('events:PutRule');
  });
});
