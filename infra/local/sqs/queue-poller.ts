/**
 * What Lambda's event source mapping does with a queue: it receives messages in batches, invokes a function with each
 * batch, deletes what went well, and leaves the rest to come back when its visibility timeout has passed.
 *
 * One departure: after a failed invocation messages come back after `retryAfterMs` if that is sooner. A visibility timeout
 * is six times a function's timeout, and nobody waits that long for a retry on a laptop.
 */
import type { SQSEvent, SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { REGION } from '../aws-service.ts';
import { isObject } from '../json.ts';
import { attributesMd5, bodyMd5, isBinary } from './message-attributes.ts';
import { type Message, type Queue, systemAttributesOf } from './queues.ts';

/** Only bounds how long the poller sleeps: whatever arrives wakes it. */
const LONGEST_SLEEP_MS = 60_000;

export interface PollOptions {
  readonly batchSize: number;
  readonly maxConcurrency: number;
  /** Whether the function's answer names the messages that failed; without, all of a batch succeed or fail. */
  readonly reportBatchItemFailures: boolean;
  readonly retryAfterMs?: number;
  /** Told of each failed invocation; the queue deals with its messages. */
  readonly failed?: (error: unknown) => void;
}

export interface Poller {
  /** Receives nothing more, and waits for the invocations that run. */
  stop(): Promise<void>;
}

export function pollQueue(queue: Queue, options: PollOptions, invoke: (event: SQSEvent) => Promise<unknown>): Poller {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const poll = async () => {
    while (!stopping.signal.aborted) {
      const batch = queue.receive(options.batchSize);
      if (batch.length === 0) await queue.arrival(LONGEST_SLEEP_MS, stopping.signal);
      else {
        const run: Promise<void> = runBatch(queue, options, batch, invoke).finally(() => running.delete(run));
        running.add(run);
      }
      if (running.size >= options.maxConcurrency) await Promise.race(running);
    }
    await Promise.all(running);
  };
  const polling = poll();
  return {
    stop() {
      stopping.abort();
      return polling;
    },
  };
}

async function runBatch(
  queue: Queue,
  { reportBatchItemFailures, retryAfterMs, failed }: PollOptions,
  batch: readonly Message[],
  invoke: (event: SQSEvent) => Promise<unknown>,
): Promise<void> {
  let failures: ReadonlySet<string>;
  try {
    const answer = await invoke({ Records: batch.map((message) => recordOf(message, queue)) });
    failures = reportBatchItemFailures ? failuresIn(answer, batch) : new Set();
  } catch (error) {
    failed?.(error);
    failures = new Set(batch.map(({ messageId }) => messageId));
  }
  for (const message of batch) {
    if (!failures.has(message.messageId)) queue.delete(message.receiptHandle);
    else if (retryAfterMs !== undefined) retrySoon(queue, message, retryAfterMs);
  }
}

/** Does nothing for a message that is in sight again, or received by somebody else, because the invocation took so long. */
function retrySoon(queue: Queue, { messageId, receiptHandle }: Message, retryAfterMs: number): void {
  const message = queue.messages().find((each) => each.messageId === messageId);
  if (message?.receiptHandle !== receiptHandle) return;
  const leftMs = message.visibleAt - queue.now();
  if (leftMs > retryAfterMs) queue.changeVisibility(receiptHandle, retryAfterMs / 1000);
}

/** An answer that does not make sense fails the whole batch, as in Lambda; no list or an empty one fails nothing. */
function failuresIn(answer: unknown, batch: readonly Message[]): Set<string> {
  const ids = new Set(batch.map(({ messageId }) => messageId));
  const list = isObject(answer) ? (answer.batchItemFailures ?? []) : [];
  if (!Array.isArray(list)) throw new Error(`expected a list of batchItemFailures, got ${JSON.stringify(list)}`);
  return new Set(
    list.map((failure) => {
      const id = isObject(failure) ? failure.itemIdentifier : undefined;
      if (typeof id === 'string' && ids.has(id)) return id;
      throw new Error(`expected the message ids of the batch in batchItemFailures, got ${JSON.stringify(failure)}`);
    }),
  );
}

/** A message as Lambda shows it to a function. */
function recordOf(message: Message, queue: Queue): SQSRecord {
  const { messageId, receiptHandle, body, attributes } = message;
  return {
    messageId,
    receiptHandle,
    body,
    attributes: systemAttributesOf(message),
    messageAttributes: shownAttributes(message),
    md5OfBody: bodyMd5(body),
    ...(Object.keys(attributes).length > 0 && { md5OfMessageAttributes: attributesMd5(attributes) }),
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: REGION,
  };
}

function shownAttributes({ attributes }: Message): SQSMessageAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { dataType, value }]) => [
      name,
      {
        [isBinary(dataType) ? 'binaryValue' : 'stringValue']: value,
        stringListValues: [],
        binaryListValues: [],
        dataType,
      },
    ]),
  );
}
