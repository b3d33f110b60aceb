import {
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamodbBucketStore } from '#adapters/dynamodb-bucket-store.ts';
import { compareParts } from '#adapters/page-directory.ts';
import { Conflict, Invalid } from '#application/errors.ts';
import { seededRandom } from '#domain/random.ts';
import { type BandPage, MAX_PART_BYTES } from '#domain/retrieval/band-page.ts';
import { bucketStoreContract, pagesOf, plainPages } from '../contracts/bucket-store.contract.ts';
import { emulated, ownTable, startLocalAws } from './aws-emulators.ts';
import { type Tamper, tampered } from './tampered-client.ts';

const url = emulated(startLocalAws);

bucketStoreContract('DynamoDB, of the local stack', () => {
  const { table, open } = ownTable(url);
  return dynamodbBucketStore(table, open);
});

const SHARD = 'index/people/1-0';
/** Several batches of them. */
const MANY = pagesOf(4_000, 16);
const keysOf = (pages: readonly BandPage[]) => pages.map(({ band, prefix }) => ({ band, prefix }));

/** Two stores on one table: `tamper` decides what becomes of the requests of one of them. */
function stores(tamper: Tamper) {
  const { table, open, openAnother } = ownTable(url);
  const moody = dynamodbBucketStore(table, tampered(openAnother, tamper));
  return { table, open, moody, sound: dynamodbBucketStore(table, open) };
}

async function itemsIn({ table, open }: { table: string; open: () => Promise<DynamoDBClient> }) {
  const { Items = [] } = await (await open()).send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  return Items;
}

/** Passes requests on until this many have been made of a command, then fails for good. */
function failingFrom(failed: string, count: number): Tamper {
  let asked = 0;
  return async (input, ask, command) => {
    if (command === `${failed}Command` && ++asked > count) throw new Error('the function was stopped');
    return ask(input);
  };
}

describe('DynamoDB bucket store: what stands in the table', () => {
  it('is one item a part, each of one read unit, be its key as long as it gets', async () => {
    const own = ownTable(url);
    const store = dynamodbBucketStore(own.table, own.open);
    const page = { band: 1_023, prefix: 2 ** 24 - 1, part: 999, bytes: new Uint8Array(MAX_PART_BYTES) };
    await store.write(`index/${'p'.repeat(200)}/00000001-abcdef12-399`, [page]);

    const [{ pk, sk }] = (await itemsIn(own)).filter(({ bytes }) => bytes !== undefined);
    const { ConsumedCapacity } = await (await own.open()).send(
      new BatchGetItemCommand({
        RequestItems: { [own.table]: { Keys: [{ pk, sk }], ConsistentRead: true } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );

    expect(ConsumedCapacity).toMatchObject([{ CapacityUnits: 1 }]);
  });

  it('is nothing any more once all shards are removed, and only the new pages after a rewrite', async () => {
    const own = ownTable(url);
    const store = dynamodbBucketStore(own.table, own.open);
    await store.write(SHARD, pagesOf(8_000));
    await store.write(SHARD, pagesOf(100));
    await store.write('index/people/1-1', pagesOf(100));

    expect(await itemsIn(own)).toHaveLength(2 * (pagesOf(100).length + 2));

    await store.remove([SHARD, 'index/people/1-1']);
    expect(await itemsIn(own)).toEqual([]);
  });

  it('is written to all bands in turn, so that no place in the table is written to more than the others', async () => {
    const bandsOf: number[] = [];
    const { moody } = stores(async (input, ask) => {
      if ('RequestItems' in input && Array.isArray(Object.values(input.RequestItems ?? {})[0])) {
        const [requests] = Object.values(input.RequestItems ?? {});
        const places = Array.isArray(requests) ? requests.map(({ PutRequest }) => PutRequest?.Item?.pk.S) : [];
        bandsOf.push(new Set(places).size / places.length);
      }
      return ask(input);
    });

    await moody.write(SHARD, pagesOf(500, 32));

    expect(bandsOf).toEqual(Array.from(bandsOf, () => 1));
    expect(bandsOf.length).toBeGreaterThan(4);
  });
});

describe('DynamoDB bucket store: whole or not at all', () => {
  it.each([
    ['before its first page', 'PutItem', 0],
    ['among its pages', 'BatchWriteItem', 2],
    ['before it is whole', 'PutItem', 1],
  ])(
    'a shard whose writer was stopped %s is not there; it can be written again, or removed without a trace',
    async (_, command, count) => {
      for (const isRetried of [true, false]) {
        const { moody, sound, ...own } = stores(failingFrom(command, count));
        await expect(moody.write(SHARD, MANY)).rejects.toThrow('the function was stopped');
        await expect(sound.read(SHARD, [])).rejects.toThrow(
          `${SHARD}: expected the band pages of a shard, but they are not there`,
        );

        if (isRetried) {
          await sound.write(SHARD, MANY);
          expect(plainPages(await sound.read(SHARD, keysOf(MANY)))).toEqual(plainPages(MANY));
        }
        await sound.remove([SHARD]);

        expect(await itemsIn(own)).toEqual([]);
      }
    },
  );

  it('keeps the old pages of a shard, all of them, where the writer of the new ones was stopped', async () => {
    const { moody, sound, ...own } = stores(failingFrom('BatchWriteItem', 2));
    await sound.write(SHARD, MANY);

    await expect(moody.write(SHARD, pagesOf(4_000, 16, 2))).rejects.toThrow('the function was stopped');

    expect(plainPages(await sound.read(SHARD, keysOf(MANY)))).toEqual(plainPages(MANY));
    await sound.write(SHARD, pagesOf(10));
    expect(await itemsIn(own)).toHaveLength(pagesOf(10).length + 2);
  });

  it.each([
    ['before its pages were', 'BatchWriteItem', 0],
    ['before the list of its pages was', 'DeleteItem', 1],
  ])('a removal that was stopped %s removed leaves no shard, and is gone on with', async (_, command, count) => {
    const { moody, sound, ...own } = stores(failingFrom(command, count));
    await sound.write(SHARD, MANY);

    await expect(moody.remove([SHARD])).rejects.toThrow('the function was stopped');

    await expect(sound.read(SHARD, [])).rejects.toThrow(Invalid);
    expect(await itemsIn(own)).not.toEqual([]);
    await sound.remove([SHARD]);
    expect(await itemsIn(own)).toEqual([]);
  });

  it('writes nothing of a shard that is whole already by the same pages', async () => {
    const commands: string[] = [];
    const { moody, sound } = stores(async (input, ask, command) => {
      commands.push(command.replace('Command', ''));
      return ask(input);
    });
    await sound.write(SHARD, pagesOf(100));

    await moody.write(SHARD, pagesOf(100).reverse());

    expect(commands).toEqual(['Query']);
  });

  it('lets the faster of two writers of other pages win, and tells the other', async () => {
    let rivalry: Promise<void> | undefined;
    const { moody, sound, ...own } = stores(async (input, ask, command) => {
      if (command.startsWith('BatchWriteItem')) {
        rivalry ??= sound.write(SHARD, pagesOf(50, 3, 2));
        await rivalry;
      }
      return ask(input);
    });

    const write = moody.write(SHARD, pagesOf(100));

    await expect(write).rejects.toThrow(Conflict);
    await expect(write).rejects.toThrow(`another writer of the band pages of ${SHARD} was faster; its pages stand`);

    expect(plainPages(await sound.read(SHARD, keysOf(pagesOf(100))))).toEqual(plainPages(pagesOf(50, 3, 2)));
    await sound.remove([SHARD]);
    expect(await itemsIn(own)).toEqual([]);
  });
});

describe('DynamoDB bucket store: reading', () => {
  it('asks at half the price first, and once more for what the answer lags behind in', async () => {
    const asked: unknown[] = [];
    const { moody, sound } = stores(async (input, ask) => {
      const output = await ask(input);
      if (!('RequestItems' in input)) return output;
      const [[table, wanted]] = Object.entries(input.RequestItems ?? {});
      const isConsistent = !Array.isArray(wanted) && wanted.ConsistentRead;
      asked.push(isConsistent);
      if (isConsistent || !('Responses' in output) || Array.isArray(output.Responses)) return output;
      const items = output.Responses?.[table] ?? [];
      return { ...output, Responses: { [table]: items.filter((_, at) => at % 2 === 0) } };
    });
    const pages = pagesOf(1_000);
    await sound.write(SHARD, pages);

    expect(plainPages(await moody.read(SHARD, keysOf(pages)))).toEqual(plainPages(pages));
    expect(asked).toEqual([false, true]);
  });

  it('looks at the latest list of the parts, and asks for no page that nobody is in', async () => {
    const queries: unknown[] = [];
    const { moody, sound } = stores(async (input, ask, command) => {
      if (command.startsWith('Query') && 'ConsistentRead' in input) queries.push(input.ConsistentRead);
      else queries.push(command);
      return ask(input);
    });
    await sound.write(SHARD, pagesOf(100));

    expect(await moody.read(SHARD, [{ band: 77, prefix: 0 }])).toEqual([]);
    expect(queries).toEqual([true]);
  });

  it('gives the pages in one order, whatever the order of the answers', async () => {
    const { sound, moody } = stores(async (input, ask) => ask(input));
    await sound.write(SHARD, pagesOf(8_000, 40));
    const keys = keysOf(pagesOf(8_000, 40));

    const [first, second] = [await sound.read(SHARD, keys), await moody.read(SHARD, keys.toReversed())];

    const order = (pages: readonly BandPage[]) => pages.map(({ band, prefix, part }) => `${band} ${prefix} ${part}`);
    expect(order(second)).toEqual(order(first));
    expect(order(first)).toEqual(order(first.toSorted(compareParts)));
  });

  it('refuses a shard of which a page was lost, saying which, and what to do', async () => {
    const { sound, ...own } = stores(async (input, ask) => ask(input));
    await sound.write(SHARD, pagesOf(100));
    const [{ pk, sk }] = (await itemsIn(own)).filter((item) => item.pk.S?.endsWith('-2') && item.sk.S === '3-0');
    await (await own.open()).send(new DeleteItemCommand({ TableName: own.table, Key: { pk, sk } }));

    await expect(sound.read(SHARD, keysOf(pagesOf(100)))).rejects.toThrow(
      `${SHARD}: expected the band pages of a shard, but one of band 2 and prefix 3 is not there; delete the population and ingest it again`,
    );
    expect(await sound.read(SHARD, [{ band: 1, prefix: 3 }])).toHaveLength(1);
  });

  it.each([
    ['lost', undefined, 'the list of them is not there'],
    ['damaged', Uint8Array.of(1, 2, 3), 'the list of them is damaged'],
  ])('refuses a shard whose list of parts is %s', async (_, damage, fault) => {
    const { sound, ...own } = stores(async (input, ask) => ask(input));
    await sound.write(SHARD, pagesOf(100));
    const client = await own.open();
    const [{ pk, sk }] = (await itemsIn(own)).filter(({ parts }) => parts !== undefined);
    if (damage === undefined) await client.send(new DeleteItemCommand({ TableName: own.table, Key: { pk, sk } }));
    else await client.send(new PutItemCommand({ TableName: own.table, Item: { pk, sk, parts: { B: damage } } }));

    await expect(sound.read(SHARD, [])).rejects.toThrow(Invalid);
    await expect(sound.read(SHARD, [])).rejects.toThrow(`${SHARD}: expected the band pages of a shard, but ${fault}`);
  });
});

describe('DynamoDB bucket store: refusals', () => {
  it('refuses a list of parts that fits no item, before it writes anything', async () => {
    const { sound, ...own } = stores(async (input, ask) => ask(input));
    const random = seededRandom(6);
    const prefixes = new Set(Array.from({ length: 300_000 }, () => Math.floor(random() * 2 ** 24)));
    const bytes = new Uint8Array(0);
    const pages = Array.from(prefixes, (prefix) => ({ band: 0, prefix, part: 0, bytes }));

    const write = sound.write(SHARD, pages);

    await expect(write).rejects.toThrow(Invalid);
    await expect(write).rejects.toThrow(
      /^index\/people\/1-0: expected a list of band pages of at most 400000 bytes, got /,
    );
    expect(await itemsIn(own)).toEqual([]);
  });

  it('says in one sentence that there is no such table', async () => {
    const { openAnother } = ownTable(url);
    const store = dynamodbBucketStore('no-such-table', openAnother);

    for (const attempt of [() => store.read(SHARD, []), () => store.write(SHARD, []), () => store.remove([SHARD])]) {
      await expect(attempt()).rejects.toThrow(Invalid);
      await expect(attempt()).rejects.toThrow('expected the table no-such-table, found none of that name');
    }
  });
});
