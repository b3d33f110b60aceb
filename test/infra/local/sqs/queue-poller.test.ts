import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { arnOf } from '#infra/local/aws-service.ts';
import { type PollOptions, pollQueue } from '#infra/local/sqs/queue-poller.ts';
import { Queue, type QueueOptions } from '#infra/local/sqs/queues.ts';

function openQueue(options: Partial<QueueOptions> = {}): Queue {
  const name = options.name ?? 'work';
  return new Queue({ name, arn: arnOf('sqs', name), delaySeconds: 0, visibilitySeconds: 30, ...options });
}

/** Polls until the test ends. */
function poll(queue: Queue, options: Partial<PollOptions>, invoke: (event: SQSEvent) => Promise<unknown>) {
  const poller = pollQueue(
    queue,
    { batchSize: 10, maxConcurrency: 2, reportBatchItemFailures: false, retryAfterMs: 5, ...options },
    invoke,
  );
  onTestFinished(() => poller.stop());
  return poller;
}

/** Looks often, and has patience with a busy machine. */
const until = (isSo: () => boolean) => vi.waitUntil(isSo, { interval: 2, timeout: 20_000 });

const bodiesIn = ({ Records }: SQSEvent) => Records.map(({ body }) => body);

describe('a poller', () => {
  it('invokes with what is in the queue, and deletes it', async () => {
    const queue = openQueue();
    const events: SQSEvent[] = [];
    queue.send('a', {
      attributes: { kind: { dataType: 'String', value: 'x' }, raw: { dataType: 'Binary', value: 'AQI=' } },
    });

    poll(queue, {}, async (event) => events.push(event));
    await until(() => queue.messages().length === 0);

    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.any(String),
            receiptHandle: expect.any(String),
            body: 'a',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: 'local',
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {
              kind: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
              raw: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
            },
            md5OfBody: '0cc175b9c0f1b6a831c399e269772661',
            md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:work',
            awsRegion: 'us-east-1',
          },
        ],
      },
    ]);
  });

  it('takes what arrives later', async () => {
    const queue = openQueue();
    const bodies: string[] = [];
    poll(queue, {}, async (event) => bodies.push(...bodiesIn(event)));

    queue.send('a');
    await until(() => bodies.length === 1);
    queue.send('b');
    await until(() => bodies.length === 2);

    expect(bodies).toEqual(['a', 'b']);
  });

  it('fills batches as far as it may, and runs no more of them at once than it may', async () => {
    const queue = openQueue();
    const sizes: number[] = [];
    const gates: (() => void)[] = [];
    for (let sent = 0; sent < 8; sent++) queue.send('x');
    poll(queue, { batchSize: 3, maxConcurrency: 2 }, ({ Records }) => {
      sizes.push(Records.length);
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.push(resolve);
      return promise;
    });

    await until(() => gates.length === 2);
    expect(queue.counts()).toEqual({ visible: 2, inFlight: 6, delayed: 0 });
    gates[1]();
    await until(() => gates.length === 3);
    for (const open of gates) open();
    await until(() => queue.messages().length === 0);

    expect(sizes).toEqual([3, 3, 2]);
  });

  it('brings a failed batch back soon, counts it, and tells of each failure', async () => {
    const queue = openQueue();
    const counts: string[] = [];
    const failed = vi.fn();
    queue.send('a');

    poll(queue, { failed }, async ({ Records: [record] }) => {
      counts.push(record.attributes.ApproximateReceiveCount);
      if (counts.length < 3) throw new Error('not yet');
    });
    await until(() => queue.messages().length === 0);

    expect(counts).toEqual(['1', '2', '3']);
    expect(failed.mock.calls.map(([error]) => error.message)).toEqual(['not yet', 'not yet']);
  });

  it('leaves a failed batch to the visibility timeout if it is not told otherwise', async () => {
    const queue = openQueue({ visibilitySeconds: 600 });
    queue.send('a');
    const failed = vi.fn();

    const poller = pollQueue(
      queue,
      { batchSize: 1, maxConcurrency: 1, reportBatchItemFailures: false, failed },
      async () => {
        throw new Error('no');
      },
    );
    await until(() => failed.mock.calls.length === 1);
    await poller.stop();

    expect(queue.messages()[0].visibleAt).toBeGreaterThan(Date.now() + 590_000);
  });

  it('does not prolong the visibility timeout of what failed', async () => {
    const queue = openQueue({ visibilitySeconds: 0.02 });
    queue.send('a');
    let tries = 0;

    poll(queue, { retryAfterMs: 60_000 }, async () => {
      if (++tries === 1) throw new Error('no');
    });

    await until(() => queue.messages().length === 0);
  });

  it('leaves a message alone that somebody else has received because the invocation took so long', async () => {
    const queue = openQueue({ visibilitySeconds: 0.01 });
    queue.send('a');
    const gates: PromiseWithResolvers<void>[] = [];
    const poller = poll(queue, { maxConcurrency: 2, retryAfterMs: 0 }, async ({ Records: [{ receiptHandle }] }) => {
      const gate = Promise.withResolvers<void>();
      if (gates.push(gate) === 2) queue.changeVisibility(receiptHandle, 60);
      await gate.promise;
    });
    await until(() => gates.length === 2);

    gates[0].reject(new Error('late'));
    gates[1].resolve();
    await poller.stop();

    expect(queue.messages()).toEqual([]);
  });

  it('sends what fails again and again to the dead-letter queue', async () => {
    const deadLetter = openQueue({ name: 'dead' });
    const queue = openQueue({ deadLetter, maxReceiveCount: 3 });
    let tries = 0;
    queue.send('poison');

    poll(queue, {}, async () => {
      tries++;
      throw new Error('no');
    });
    await until(() => deadLetter.messages().length === 1);

    expect([tries, queue.messages()]).toEqual([3, []]);
  });

  it('waits when it is stopped for what runs, and receives nothing more', async () => {
    const queue = openQueue();
    const { promise, resolve } = Promise.withResolvers<void>();
    const started = vi.fn(() => promise);
    queue.send('a');
    const poller = poll(queue, {}, started);
    await until(() => started.mock.calls.length === 1);

    const hasStopped = vi.fn();
    const stopped = poller.stop().then(hasStopped);
    queue.send('b');
    await new Promise(setImmediate);
    expect(hasStopped).not.toHaveBeenCalled();
    resolve();
    await stopped;

    expect(queue.messages().map(({ body }) => body)).toEqual(['b']);
  });
});

describe('a poller that is told which messages failed', () => {
  it('deletes the others', async () => {
    const queue = openQueue();
    for (const body of ['a', 'b', 'c']) queue.send(body);
    const batches: string[][] = [];

    poll(queue, { reportBatchItemFailures: true }, async (event) => {
      batches.push(bodiesIn(event));
      const failures = event.Records.filter(({ body }) => body === 'b' && batches.length === 1);
      return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    await until(() => queue.messages().length === 0);

    expect(batches).toEqual([['a', 'b', 'c'], ['b']]);
  });

  it.each([undefined, null, {}, { batchItemFailures: null }, { batchItemFailures: [] }])(
    'takes the answer %j for a success',
    async (answer) => {
      const queue = openQueue();
      queue.send('a');
      const invoke = vi.fn(async () => answer);

      poll(queue, { reportBatchItemFailures: true }, invoke);
      await until(() => queue.messages().length === 0);

      expect(invoke).toHaveBeenCalledTimes(1);
    },
  );

  it.each([
    { batchItemFailures: 'a' },
    { batchItemFailures: [null] },
    { batchItemFailures: [{}] },
    { batchItemFailures: [{ itemIdentifier: '' }] },
    { batchItemFailures: [{ itemIdentifier: 'of nobody' }] },
  ])('takes the answer %j for a failure of the whole batch', async (answer) => {
    const queue = openQueue();
    queue.send('a');
    const failed = vi.fn();
    let tries = 0;

    poll(queue, { reportBatchItemFailures: true, failed }, async () => (++tries === 1 ? answer : undefined));
    await until(() => queue.messages().length === 0);

    expect([tries, failed.mock.calls.length]).toEqual([2, 1]);
  });

  it('does not look at the answer if it is not to report failures', async () => {
    const queue = openQueue();
    queue.send('a');

    poll(queue, {}, async () => ({ batchItemFailures: 'nonsense' }));

    await until(() => queue.messages().length === 0);
  });
});
