/**
 * Band pages as items of one DynamoDB table of its own with the keys `pk` and `sk`, both texts:
 *
 *   pk the shard            sk `whole`               `version`: the shard is whole, and this version of its pages counts
 *   pk the shard            sk `parts <version>`     `parts`: which parts of pages that version has
 *   pk <version>-<band>     sk <prefix>-<part>       `bytes`: one part of a page, below 4 KB with its keys
 *
 * A version is a digest of the shard's name and all its pages. Items of pages therefore never change: a function that is
 * tried again writes the same items again, and nobody reads a mixture of two writes.
 *
 * Written in the order parts, pages, `whole`; removed in the opposite order. So a shard is whole or absent at every
 * moment, and whatever of it is in the table can be found and removed, even that of a writer who never came back.
 *
 * Pages are read eventually consistent, at half the price: each is the right one or not there yet, and the list of
 * parts, which is read strongly consistent, tells which are not. Those are asked for again, strongly consistent. Nobody
 * takes a page that lags, or is lost, for one that nobody is in.
 */
import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Conflict, Invalid } from '#application/errors.ts';
import type { BucketStore, PageKey } from '#application/ports.ts';
import type { BandPage } from '#domain/retrieval/band-page.ts';
import { explainingAwsFaults, isAwsFault } from './aws-faults.ts';
import { type Item, ownPatience, type Patience, readItems, writeItems } from './dynamodb-batches.ts';
import { compareParts, decodeDirectory, encodeDirectory, type PartKey } from './page-directory.ts';

/** What is known of a shard without its pages. */
interface ShardState {
  /** The version that counts; undefined where the shard is not whole. */
  readonly whole: string | undefined;
  /** The list of parts of every version that was begun. */
  readonly directories: ReadonlyMap<string, Uint8Array>;
}

/** Below DynamoDB's 400 KB an item, with room for the keys. */
const MAX_DIRECTORY_BYTES = 400_000;

/** `open` is asked before every request, and gives the one client that there is. */
export function dynamodbBucketStore(
  table: string,
  open: () => Promise<DynamoDBClient>,
  patience: Patience = ownPatience(),
): BucketStore {
  const explained = <T>(work: (client: DynamoDBClient) => Promise<T>) =>
    explainingAwsFaults(`the table ${table}`, async () => work(await open()));

  const removeVersion = async (client: DynamoDBClient, shard: string, version: string, directory: Uint8Array) => {
    const keys = partsIn(directory, shard).map((part) => keyOf(version, part));
    const requests = inTurns(keys).map((Key) => ({ DeleteRequest: { Key } }));
    await writeItems(client, table, requests, patience);
    await removeItem(client, table, directoryKeyOf(shard, version));
  };

  return {
    async write(shard, pages) {
      await explained(async (client) => {
        const version = versionOf(shard, pages);
        const before = await stateOf(client, table, shard);
        if (before.whole !== version) {
          const directory = directoryOf(shard, pages);
          await putDirectory(client, table, shard, version, directory);
          const items = pages.map((page) => ({ ...keyOf(version, page), bytes: { B: page.bytes } }));
          const requests = inTurns(items).map((Item) => ({ PutRequest: { Item } }));
          await writeItems(client, table, requests, patience);
          if (!(await putWhole(client, table, shard, version, before.whole))) {
            // Whoever was faster may have removed the list while the pages were still being written.
            await putDirectory(client, table, shard, version, directory);
            throw new Conflict(`another writer of the band pages of ${shard} was faster; its pages stand`);
          }
        }
        for (const [old, directory] of before.directories) {
          if (old !== version) await removeVersion(client, shard, old, directory);
        }
      });
    },

    async read(shard, keys) {
      return explained(async (client) => {
        const { whole, directories } = await stateOf(client, table, shard);
        if (whole === undefined) throw damaged(shard, 'they are not there');
        const directory = directories.get(whole);
        if (!directory) throw damaged(shard, 'the list of them is not there');
        const wanted = partsOf(partsIn(directory, shard), keys);
        return pagesOf(client, table, shard, whole, wanted, patience);
      });
    },

    async remove(shards) {
      await explained(async (client) => {
        for (const shard of shards) {
          const { whole, directories } = await stateOf(client, table, shard);
          if (whole !== undefined) await removeItem(client, table, wholeKeyOf(shard));
          for (const [version, directory] of directories) await removeVersion(client, shard, version, directory);
        }
      });
    },
  };
}

function damaged(shard: string, what: string, cause?: unknown): Invalid {
  return new Invalid(
    `${shard}: expected the band pages of a shard, but ${what}; delete the population and ingest it again`,
    { cause },
  );
}

const WHOLE = 'whole';
const PARTS = 'parts ';

function wholeKeyOf(shard: string) {
  return { pk: { S: shard }, sk: { S: WHOLE } };
}

function directoryKeyOf(shard: string, version: string) {
  return { pk: { S: shard }, sk: { S: PARTS + version } };
}

function keyOf(version: string, { band, prefix, part }: PartKey) {
  return { pk: { S: `${version}-${band}` }, sk: { S: `${prefix}-${part}` } };
}

/** 128 bits of a SHA-256, which no two shards share by chance. */
function versionOf(shard: string, pages: readonly BandPage[]): string {
  const hash = createHash('sha256').update(JSON.stringify(shard));
  for (const { band, prefix, part, bytes } of pages.toSorted(compareParts)) {
    hash.update(`${band} ${prefix} ${part} ${bytes.length} `).update(bytes);
  }
  return hash.digest('hex').slice(0, 32);
}

/** One of each band in turn, so that a batch, and all batches at once, are spread over the table. */
function inTurns<T extends ReturnType<typeof keyOf>>(items: readonly T[]): T[] {
  const bands = Map.groupBy(items, ({ pk }) => pk.S);
  const longest = Math.max(0, ...Array.from(bands.values(), ({ length }) => length));
  return Array.from({ length: longest }, (_, n) =>
    Array.from(bands.values()).flatMap((band) => band.slice(n, n + 1)),
  ).flat();
}

async function stateOf(client: DynamoDBClient, table: string, shard: string): Promise<ShardState> {
  const { paginateQuery } = await import('@aws-sdk/client-dynamodb');
  const query = {
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :shard',
    ExpressionAttributeValues: { ':shard': { S: shard } },
  };
  let whole: string | undefined;
  const directories = new Map<string, Uint8Array>();
  for await (const { Items = [] } of paginateQuery({ client }, query)) {
    for (const { sk, version, parts } of Items) {
      if (sk.S === WHOLE) whole = version?.S;
      if (sk.S?.startsWith(PARTS)) directories.set(sk.S.slice(PARTS.length), parts?.B ?? new Uint8Array(0));
    }
  }
  return { whole, directories };
}

function directoryOf(shard: string, pages: readonly BandPage[]): Uint8Array {
  const bytes = encodeDirectory(pages);
  if (bytes.length <= MAX_DIRECTORY_BYTES) return bytes;
  throw new Invalid(
    `${shard}: expected a list of band pages of at most ${MAX_DIRECTORY_BYTES} bytes, got ${bytes.length} for ${pages.length} pages; put fewer users into a shard, or sign them with fewer hashes`,
  );
}

async function putDirectory(
  client: DynamoDBClient,
  table: string,
  shard: string,
  version: string,
  directory: Uint8Array,
): Promise<void> {
  const { PutItemCommand } = await import('@aws-sdk/client-dynamodb');
  const Item = { ...directoryKeyOf(shard, version), parts: { B: directory } };
  await client.send(new PutItemCommand({ TableName: table, Item }));
}

/** The last act of writing; false where somebody else made the shard whole in the meantime, with other pages. */
async function putWhole(
  client: DynamoDBClient,
  table: string,
  shard: string,
  version: string,
  before: string | undefined,
): Promise<boolean> {
  const { PutItemCommand } = await import('@aws-sdk/client-dynamodb');
  const isAsBefore = before === undefined ? 'attribute_not_exists(pk)' : '#version = :before';
  const command = new PutItemCommand({
    TableName: table,
    Item: { ...wholeKeyOf(shard), version: { S: version } },
    ConditionExpression: `${isAsBefore} OR #version = :version`,
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: {
      ':version': { S: version },
      ...(before !== undefined && { ':before': { S: before } }),
    },
  });
  try {
    await client.send(command);
    return true;
  } catch (error) {
    if (isAwsFault(error, 'ConditionalCheckFailedException')) return false;
    throw error;
  }
}

async function removeItem(client: DynamoDBClient, table: string, key: Item): Promise<void> {
  const { DeleteItemCommand } = await import('@aws-sdk/client-dynamodb');
  await client.send(new DeleteItemCommand({ TableName: table, Key: key }));
}

function partsIn(directory: Uint8Array, shard: string): PartKey[] {
  try {
    return decodeDirectory(directory);
  } catch (cause) {
    throw damaged(shard, 'the list of them is damaged', cause);
  }
}

/** The parts of the wanted pages. */
function partsOf(parts: readonly PartKey[], keys: readonly PageKey[]): PartKey[] {
  const numberOf = ({ band, prefix }: PageKey) => band * 2 ** 32 + prefix;
  const wanted = new Set(keys.map(numberOf));
  return parts.filter((part) => wanted.has(numberOf(part)));
}

async function pagesOf(
  client: DynamoDBClient,
  table: string,
  shard: string,
  version: string,
  wanted: readonly PartKey[],
  patience: Patience,
): Promise<BandPage[]> {
  const found = new Map<string, Uint8Array>();
  const nameOf = ({ pk, sk }: Item) => `${pk.S} ${sk.S}`;
  for (const isConsistent of [false, true]) {
    const missing = wanted.map((part) => keyOf(version, part)).filter((key) => !found.has(nameOf(key)));
    for (const item of await readItems(client, table, missing, isConsistent, patience)) {
      if (item.bytes?.B) found.set(nameOf(item), item.bytes.B);
    }
  }
  return wanted.map((part) => {
    const bytes = found.get(nameOf(keyOf(version, part)));
    if (!bytes) throw damaged(shard, `one of band ${part.band} and prefix ${part.prefix} is not there`);
    return { ...part, bytes };
  });
}
