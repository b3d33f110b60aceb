/**
 * Many items at once, as DynamoDB takes and gives them: a few a request, any of which it may leave undone when it is busy.
 * What is left is asked for again, after a pause that doubles and of which chance takes its part, so that a thousand
 * functions do not come back all at the same moment. Nothing is ever dropped: it ends in an error, or it is done.
 *
 * Reference: M. Brooker, "Exponential backoff and jitter", AWS Architecture Blog 2015 (full jitter).
 */
import { setTimeout as pauseFor } from 'node:timers/promises';
import type { AttributeValue, DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb';
import { hashText, type Random, seededRandom } from '#domain/random.ts';
import { isAwsFault } from './aws-faults.ts';

export type Item = Record<string, AttributeValue>;

/** How to wait for a table that is busy. */
export interface Patience {
  readonly random: Random;
  pause(ms: number): Promise<unknown>;
}

/** Every process waits at other moments: no result depends on this chance. */
export function ownPatience(): Patience {
  return { random: seededRandom(hashText(crypto.randomUUID())), pause: (ms) => pauseFor(ms) };
}

/** DynamoDB's own limits. */
const WRITES_A_REQUEST = 25;
const READS_A_REQUEST = 100;

/** Enough to keep a table at work; each holds 100 pages of 4 KB at most. */
const REQUESTS_AT_ONCE = 16;

/** In a row, without a single item done: half a minute of pauses on average. */
const FUTILE_ATTEMPTS = 16;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

export async function writeItems(
  client: DynamoDBClient,
  table: string,
  requests: readonly WriteRequest[],
  patience: Patience,
): Promise<void> {
  const { BatchWriteItemCommand } = await import('@aws-sdk/client-dynamodb');
  await atOnce(batchesOf(requests, WRITES_A_REQUEST), async (batch) => {
    await untilDone(batch, table, patience, async (left) => {
      const { UnprocessedItems } = await client.send(
        new BatchWriteItemCommand({ RequestItems: { [table]: [...left] } }),
      );
      return UnprocessedItems?.[table] ?? [];
    });
  });
}

/** The items that there are, in no order. */
export async function readItems(
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  isConsistent: boolean,
  patience: Patience,
): Promise<Item[]> {
  const { BatchGetItemCommand } = await import('@aws-sdk/client-dynamodb');
  const items: Item[] = [];
  await atOnce(batchesOf(keys, READS_A_REQUEST), async (batch) => {
    await untilDone(batch, table, patience, async (left) => {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys: [...left], ConsistentRead: isConsistent } } }),
      );
      items.push(...(Responses?.[table] ?? []));
      return UnprocessedKeys?.[table]?.Keys ?? [];
    });
  });
  return items;
}

function batchesOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, b) => items.slice(b * size, (b + 1) * size));
}

/** Does the work for every batch, some at once; after a failure no new one begins, and none is at work any more. */
async function atOnce<T>(batches: readonly T[], work: (batch: T) => Promise<void>): Promise<void> {
  const waiting = [...batches].reverse();
  const worker = async () => {
    try {
      for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) await work(batch);
    } catch (error) {
      waiting.length = 0;
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Attempts what is left until nothing is; each attempt gives what it left undone. */
async function untilDone<T>(
  items: readonly T[],
  table: string,
  patience: Patience,
  attempt: (left: readonly T[]) => Promise<readonly T[]>,
): Promise<void> {
  let left = items;
  let futile = 0;
  for (let longest = FIRST_PAUSE_MS; ; longest = Math.min(LONGEST_PAUSE_MS, 2 * longest)) {
    const undone = await attemptUnlessBusy(left, attempt);
    if (undone.length === 0) return;
    futile = undone.length < left.length ? 0 : futile + 1;
    if (futile === FUTILE_ATTEMPTS) {
      throw new Error(
        `expected the table ${table} to do the rest of a batch, ${left.length} items, but it was too busy ${futile} times in a row; try again later`,
      );
    }
    left = undone;
    await patience.pause(patience.random() * longest);
  }
}

const BUSY = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];

/** A table that is too busy for the whole request has left all of it undone. */
async function attemptUnlessBusy<T>(
  left: readonly T[],
  attempt: (left: readonly T[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await attempt(left);
  } catch (error) {
    if (BUSY.some((name) => isAwsFault(error, name))) return left;
    throw error;
  }
}
