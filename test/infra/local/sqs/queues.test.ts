import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { arnOf } from '#infra/local/aws-service.ts';
import { type Message, Queue, type QueueOptions } from '#infra/local/sqs/queues.ts';
import { temporaryFolder } from '../../../adapters/temporary-folder.ts';

/** A clock that is moved by hand; begins at a time that is not 0. */
function handClock() {
  let now = 1_700_000_000_000;
  return { now: () => now, pass: (seconds: number) => (now += seconds * 1000) };
}

function openQueue(clock: { now: () => number }, options: Partial<QueueOptions> = {}): Queue {
  const name = options.name ?? 'work';
  return new Queue({
    name,
    arn: arnOf('sqs', name),
    delaySeconds: 0,
    visibilitySeconds: 30,
    now: clock.now,
    ...options,
  });
}

const bodiesOf = (messages: readonly Message[]) => messages.map(({ body }) => body);

describe('queues', () => {
  it('gives out the oldest messages first, and no more than asked for', () => {
    const queue = openQueue(handClock());
    for (const body of ['a', 'b', 'c']) queue.send(body);

    expect(bodiesOf(queue.receive(2))).toEqual(['a', 'b']);
    expect(bodiesOf(queue.receive(2))).toEqual(['c']);
    expect(queue.receive(2)).toEqual([]);
  });

  it('hides a received message for the visibility timeout, and counts how often it was received', () => {
    const clock = handClock();
    const queue = openQueue(clock);
    queue.send('a');
    const [first] = queue.receive(1);

    clock.pass(29.999);
    expect(queue.receive(1)).toEqual([]);
    clock.pass(0.001);
    const [second] = queue.receive(1);

    expect([first.receiveCount, second.receiveCount]).toEqual([1, 2]);
    expect(second.firstReceivedAt).toBe(first.firstReceivedAt);
    expect(second.receiptHandle).not.toBe(first.receiptHandle);
  });

  it('holds a message back for the queue’s delay, or for its own', () => {
    const clock = handClock();
    const queue = openQueue(clock, { delaySeconds: 10 });
    queue.send('late');
    queue.send('at once', { delaySeconds: 0 });

    expect(bodiesOf(queue.receive(10))).toEqual(['at once']);
    clock.pass(10);
    expect(bodiesOf(queue.receive(10))).toEqual(['late']);
  });

  it('deletes by the latest receipt only, also after the visibility timeout', () => {
    const clock = handClock();
    const queue = openQueue(clock);
    queue.send('a');
    const [first] = queue.receive(1);
    clock.pass(30);
    const [second] = queue.receive(1);
    clock.pass(30);

    queue.delete(first.receiptHandle);
    expect(bodiesOf(queue.messages())).toEqual(['a']);
    queue.delete(second.receiptHandle);
    expect(queue.messages()).toEqual([]);
    queue.delete(second.receiptHandle);
  });

  it('refuses a receipt handle that is none', () => {
    const queue = openQueue(handClock());

    expect(() => queue.delete('nonsense')).toThrow('expected a receipt handle of this queue');
  });

  it('shortens or prolongs the time that a message is out of sight', () => {
    const clock = handClock();
    const queue = openQueue(clock);
    queue.send('a');
    const [{ receiptHandle }] = queue.receive(1);

    queue.changeVisibility(receiptHandle, 60);
    clock.pass(59);
    expect(queue.receive(1)).toEqual([]);
    queue.changeVisibility(receiptHandle, 0);

    expect(bodiesOf(queue.receive(1))).toEqual(['a']);
  });

  it('does not change the visibility of a message that is in sight', () => {
    const clock = handClock();
    const queue = openQueue(clock);
    queue.send('a');
    const [{ receiptHandle }] = queue.receive(1);
    clock.pass(30);

    expect(() => queue.changeVisibility(receiptHandle, 1)).toThrow('expected a message that was received');
  });

  it('counts what is in sight, in flight and held back', () => {
    const queue = openQueue(handClock());
    for (const body of ['a', 'b', 'c']) queue.send(body);
    queue.send('late', { delaySeconds: 5 });
    queue.receive(1);

    expect(queue.counts()).toEqual({ visible: 2, inFlight: 1, delayed: 1 });
  });

  it('wants a dead-letter queue and a count together', () => {
    expect(() => openQueue(handClock(), { maxReceiveCount: 3 })).toThrow(
      'expected maxReceiveCount and deadLetter together',
    );
  });
});

describe('dead letters', () => {
  it('go to the dead-letter queue instead of being received once too often', () => {
    const clock = handClock();
    const deadLetter = openQueue(clock, { name: 'dead' });
    const queue = openQueue(clock, { deadLetter, maxReceiveCount: 2 });
    const { messageId } = queue.send('poison');
    queue.receive(1);
    clock.pass(30);
    queue.receive(1);
    clock.pass(30);
    expect(deadLetter.messages()).toEqual([]);

    expect(queue.receive(1)).toEqual([]);

    expect(queue.messages()).toEqual([]);
    expect(deadLetter.receive(1)).toMatchObject([
      { messageId, body: 'poison', receiveCount: 3, sourceArn: queue.arn, sentAt: expect.any(Number) },
    ]);
  });

  it('do not keep those behind them from being received', () => {
    const clock = handClock();
    const queue = openQueue(clock, { deadLetter: openQueue(clock, { name: 'dead' }), maxReceiveCount: 1 });
    queue.send('poison');
    queue.receive(1);
    clock.pass(30);
    queue.send('good');

    expect(bodiesOf(queue.receive(1))).toEqual(['good']);
  });
});

describe('a restart', () => {
  it('keeps messages, their attributes, how often they were received, and their delays', () => {
    const clock = handClock();
    const file = join(temporaryFolder(), 'work.json');
    const queue = openQueue(clock, { file });
    queue.send('gone');
    queue.send('twice', { attributes: { kind: { dataType: 'String', value: 'x' } } });
    queue.send('late', { delaySeconds: 100 });
    queue.delete(queue.receive(1)[0].receiptHandle);
    queue.receive(1);

    const reopened = openQueue(clock, { file });

    expect(reopened.receive(10)).toMatchObject([
      { body: 'twice', receiveCount: 2, attributes: { kind: { dataType: 'String', value: 'x' } } },
    ]);
    clock.pass(100);
    expect(bodiesOf(reopened.receive(10))).toContain('late');
  });

  it('keeps dead letters', () => {
    const clock = handClock();
    const file = join(temporaryFolder(), 'dead.json');
    const queue = openQueue(clock, { deadLetter: openQueue(clock, { name: 'dead', file }), maxReceiveCount: 1 });
    queue.send('poison');
    queue.receive(1);
    clock.pass(30);
    queue.receive(1);

    expect(bodiesOf(openQueue(clock, { name: 'dead', file }).messages())).toEqual(['poison']);
  });

  it.each(['', 'half a fi', '[]', '{"messages":1}'])('refuses a file that is none of a queue: %j', (content) => {
    const file = join(temporaryFolder(), 'work.json');
    writeFileSync(file, content);

    expect(() => openQueue(handClock(), { file })).toThrow(`${file}: expected the messages of a queue`);
    expect(readFileSync(file, 'utf8')).toBe(content);
  });
});

describe('waiting for messages', () => {
  it('ends as soon as one is sent', async () => {
    const queue = openQueue({ now: Date.now });

    const arrival = queue.arrival(60_000);
    queue.send('a');

    await arrival;
  });

  it('ends when one comes into sight', async () => {
    const queue = openQueue({ now: Date.now });
    queue.send('a', { delaySeconds: 0.02 });

    await queue.arrival(60_000);

    expect(bodiesOf(queue.receive(1))).toEqual(['a']);
  });

  it('ends after its time, and with its signal', async () => {
    const queue = openQueue({ now: Date.now });
    const stopping = new AbortController();

    await queue.arrival(1);
    const arrival = queue.arrival(60_000, stopping.signal);
    stopping.abort();
    await arrival;
    await queue.arrival(60_000, stopping.signal);
  });
});

/** What may be done to a queue in a test of its laws; the number is a count, a time, or which receipt. */
const step = fc.record({
  kind: fc.constantFrom('send', 'receive', 'delete', 'pass', 'restart'),
  number: fc.nat(4),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A queue with a dead-letter queue that is used at random, and what became of its messages. */
function usedQueue(steps: readonly Step[]) {
  const clock = handClock();
  const folder = temporaryFolder();
  const open = () =>
    openQueue(clock, {
      visibilitySeconds: 3,
      maxReceiveCount: 2,
      file: join(folder, 'work.json'),
      deadLetter: openQueue(clock, { name: 'dead', file: join(folder, 'dead.json') }),
    });
  let queue = open();
  const sent: string[] = [];
  const received: Message[] = [];
  const deleted = new Set<string>();
  const take = {
    send: (delaySeconds: number) => sent.push(queue.send('x', { delaySeconds }).messageId),
    receive: (max: number) => received.push(...queue.receive(max + 1)),
    pass: (seconds: number) => clock.pass(seconds),
    restart: () => {
      queue = open();
    },
    delete: (at: number) => {
      if (received.length === 0) return;
      const { messageId, receiptHandle } = received[at % received.length];
      if (queue.messages().some((message) => message.receiptHandle === receiptHandle)) deleted.add(messageId);
      queue.delete(receiptHandle);
    },
  };
  for (const { kind, number } of steps) take[kind](number);
  const left = [...queue.messages(), ...(queue.options.deadLetter?.messages() ?? [])];
  return { sent, received, deleted, left: left.map(({ messageId }) => messageId) };
}

describe('whatever is done to a queue', () => {
  test.prop([fc.array(step, { maxLength: 40 })], { numRuns: 60 })(
    'each message is in it, was deleted, or is a dead letter; and none is received more often than it may be',
    (steps) => {
      const { sent, received, deleted, left } = usedQueue(steps);

      expect([...left, ...deleted].sort()).toEqual(sent.sort());
      const receipts = Object.groupBy(received, ({ messageId }) => messageId);
      expect(Object.values(receipts).filter((each = []) => each.length > 2)).toEqual([]);
    },
  );
});
