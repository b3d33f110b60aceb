import {
  BatchWriteItemCommand,
  ProvisionedThroughputExceededException,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { type Item, ownPatience, type Patience, readItems, writeItems } from '#adapters/dynamodb-batches.ts';
import { seededRandom } from '#domain/random.ts';
import { emulated, ownTable, startLocalAws } from './aws-emulators.ts';
import { leavingUndone, type Tamper, tampered } from './tampered-client.ts';

const url = emulated(startLocalAws);

const keyOf = (n: number): Item => ({ pk: { S: `p${n % 7}` }, sk: { S: String(n) } });
const itemOf = (n: number, bytes: number): Item => ({ ...keyOf(n), bytes: { B: new Uint8Array(bytes).fill(n) } });
const puts = (count: number, bytes = 10): WriteRequest[] =>
  Array.from({ length: count }, (_, n) => ({ PutRequest: { Item: itemOf(n, bytes) } }));
const keys = (count: number) => Array.from({ length: count }, (_, n) => keyOf(n));
const plain = (items: readonly Item[]) =>
  items.map(({ sk, bytes }) => `${sk.S} ${bytes.B?.length} ${bytes.B?.[0]}`).sort();
const expected = (count: number, bytes = 10) => plain(Array.from({ length: count }, (_, n) => itemOf(n, bytes)));

/** Waits for nothing, and tells for how long it was asked to. */
function quick(random = seededRandom(1)): Patience & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return { random, pauses, pause: async (ms) => pauses.push(ms) };
}

const busy = () => new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: {} });

describe('batches of DynamoDB', () => {
  it('writes, reads and removes any number of items', async () => {
    const { table, open } = ownTable(url);
    const client = await open();
    for (const count of [0, 1, 25, 26, 100, 101, 1_234]) {
      await writeItems(client, table, puts(count), quick());

      expect(plain(await readItems(client, table, keys(count), true, quick()))).toEqual(expected(count));

      const removals = keys(count).map((Key) => ({ DeleteRequest: { Key } }));
      await writeItems(client, table, removals, quick());
      expect(await readItems(client, table, keys(count), true, quick())).toEqual([]);
    }
  });

  it('loses nothing of what is more than the server gives at once, in whatever order it comes', async () => {
    const { table, open } = ownTable(url);
    const patience = quick();
    const client = await open();
    await writeItems(client, table, puts(200, 50_000), patience);
    expect(patience.pauses).toEqual([]);

    const items = await readItems(client, table, keys(200), false, patience);

    expect(plain(items)).toEqual(expected(200, 50_000));
    expect(patience.pauses.length).toBeGreaterThan(5);
  });

  it.each([
    ['all but the first of each batch', () => (_: unknown, at: number) => at === 0],
    [
      'what the dice say',
      (random = seededRandom(4)) =>
        () =>
          random() < 0.5,
    ],
    [
      'every first attempt',
      (seen = new Set()) =>
        (item: unknown) =>
          seen.size === seen.add(JSON.stringify(item)).size,
    ],
  ])('loses nothing and does nothing twice where %s is left undone', async (_, mood) => {
    const { table, open } = ownTable(url);
    const isDone = mood();
    const done: string[] = [];
    const client = await tampered(
      open,
      leavingUndone((item, at) => {
        const isNow = isDone(item, at);
        if (isNow) done.push(JSON.stringify(item));
        return isNow;
      }),
    )();

    await writeItems(client, table, puts(130), quick());
    const items = await readItems(client, table, keys(130), false, quick());

    expect(plain(items)).toEqual(expected(130));
    expect([done.length, new Set(done).size]).toEqual([260, 260]);
  });

  it('asks again for what a table is too busy to look at', async () => {
    const { table, open } = ownTable(url);
    let asked = 0;
    const moody: Tamper = async (input, ask) => {
      if ('RequestItems' in input && ++asked % 3 !== 0) throw busy();
      return ask(input);
    };
    const client = await tampered(open, moody)();

    await writeItems(client, table, puts(60), quick());
    const items = await readItems(client, table, keys(60), false, quick());

    expect(plain(items)).toEqual(expected(60));
    expect(asked).toBeGreaterThan(9);
  });

  it.each([
    ['leaves all of it undone', leavingUndone(() => false)],
    ['is always too busy', async () => Promise.reject(busy())],
  ])('gives up, saying so, on a table that %s', async (_, moody: Tamper) => {
    const { table, open } = ownTable(url);
    const patience = quick(() => 0.5);
    const client = await tampered(open, moody)();
    const sentence = `expected the table ${table} to do the rest of a batch, 3 items, but it was too busy 16 times in a row; try again later`;

    await expect(writeItems(client, table, puts(3), patience)).rejects.toThrow(sentence);

    expect(patience.pauses.slice(0, 9)).toEqual([25, 50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
    expect(patience.pauses).toHaveLength(15);
    await expect(readItems(client, table, keys(3), true, patience)).rejects.toThrow(sentence);
  });

  it('does not give up on a table that gets on, however slowly', async () => {
    const { table, open } = ownTable(url);
    let asked = 0;
    const client = await tampered(
      open,
      leavingUndone((_, at) => at === 0 && ++asked % 9 === 0),
    )();

    await writeItems(client, table, puts(25), quick());

    expect(asked).toBeGreaterThan(25 * 9 - 1);
  });

  it('throws dice for its pauses, so that processes come back at different moments', async () => {
    const pausesOf = async (random: () => number) => {
      const { table, open } = ownTable(url);
      const patience = quick(random);
      const client = await tampered(
        open,
        leavingUndone(() => false),
      )();
      await expect(writeItems(client, table, puts(1), patience)).rejects.toThrow('too busy');
      return patience.pauses;
    };

    const [first, second] = [await pausesOf(seededRandom(1)), await pausesOf(seededRandom(2))];

    expect(first).not.toEqual(second);
    expect(Math.max(...first, ...second)).toBeLessThan(5_000);
    expect([ownPatience().random(), ownPatience().random()]).not.toEqual([0, 0]);
    expect(ownPatience().random()).not.toBe(ownPatience().random());
  });

  it('has sixteen requests under way at most, and as many where there is work for them', async () => {
    const { table, open } = ownTable(url);
    let [underWay, most] = [0, 0];
    const counting: Tamper = async (input, ask) => {
      most = Math.max(most, ++underWay);
      try {
        return await ask(input);
      } finally {
        underWay--;
      }
    };
    const client = await tampered(open, counting)();

    await writeItems(client, table, puts(1_000), quick());

    expect(most).toBe(16);
  });

  it('ends with the first failure, begins nothing after it and leaves nothing under way', async () => {
    const { table, open } = ownTable(url);
    let [asked, underWay] = [0, 0];
    const failing: Tamper = async (input, ask) => {
      asked++;
      underWay++;
      try {
        if (asked === 20) throw new Error('the server is on fire');
        return await ask(input);
      } finally {
        underWay--;
      }
    };
    const client = await tampered(open, failing)();

    await expect(writeItems(client, table, puts(2_500), quick())).rejects.toThrow('the server is on fire');

    expect(underWay).toBe(0);
    expect(asked).toBeLessThan(60);
    const at = asked;
    await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts(1) } }));
    expect(asked).toBe(at + 1);
  });
});
