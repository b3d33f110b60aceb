/**
 * Manifests as items of a DynamoDB table with the keys `pk` and `sk`, both texts: pk `populations`, sk the population's
 * name, and the attributes `generation` and `manifest`, the sealed text, gzipped. A generation is published by a
 * conditional write, which DynamoDB lets only one writer do.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Invalid } from '#application/errors.ts';
import type { Manifest } from '#application/manifest.ts';
import type { Catalog } from '#application/ports.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { explainingAwsFaults, isAwsFault } from './aws-faults.ts';
import { openManifest, publishConflict, sealedManifest } from './sealed-manifest.ts';

type Item = Record<string, AttributeValue>;

/** Below DynamoDB's 400 KB an item, with room for the keys. */
const MAX_MANIFEST_BYTES = 400_000;

/** `open` is asked before every request, and gives the one client that there is. */
export function dynamodbCatalog(table: string, open: () => Promise<DynamoDBClient>): Catalog {
  const explained = <T>(work: (client: DynamoDBClient) => Promise<T>) =>
    explainingAwsFaults(`the table ${table}`, async () => work(await open()));
  const whereIs = (population: string) => `${table}/populations/${population}`;

  const stored = async (population: string): Promise<Item | undefined> => {
    const { GetItemCommand } = await import('@aws-sdk/client-dynamodb');
    const command = new GetItemCommand({ TableName: table, Key: keyOf(population), ConsistentRead: true });
    return (await explained((client) => client.send(command))).Item;
  };

  return {
    async populations() {
      const names = await explained((client) => namesIn(client, table));
      return names.sort(compareTexts);
    },

    async manifest(population) {
      const item = await stored(population);
      return item && openManifest(textIn(item, whereIs(population)), whereIs(population));
    },

    async publish(manifest) {
      const { PutItemCommand } = await import('@aws-sdk/client-dynamodb');
      const { population, generation } = manifest;
      const text = sealedManifest(manifest);
      const command = new PutItemCommand({
        TableName: table,
        Item: { ...keyOf(population), generation: { N: String(generation) }, manifest: { B: packed(text, manifest) } },
        ...successorOf(generation - 1),
      });
      try {
        await explained((client) => client.send(command));
      } catch (error) {
        if (!isAwsFault(error, 'ConditionalCheckFailedException')) throw error;
        const item = await stored(population);
        // The very same manifest is this publisher's: its first try did succeed, and only the answer was lost.
        if (item && textIn(item, whereIs(population)) === text) return;
        throw publishConflict(population, Number(item?.generation?.N ?? 0));
      }
    },

    async remove(population) {
      const { DeleteItemCommand } = await import('@aws-sdk/client-dynamodb');
      const command = new DeleteItemCommand({ TableName: table, Key: keyOf(population) });
      await explained((client) => client.send(command));
    },
  };
}

function keyOf(population: string) {
  return { pk: { S: 'populations' }, sk: { S: population } };
}

/** That generation `before` still is the current one; 0 if there is none. */
function successorOf(before: number) {
  if (before === 0) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: '#generation = :before',
    ExpressionAttributeNames: { '#generation': 'generation' },
    ExpressionAttributeValues: { ':before': { N: String(before) } },
  };
}

async function namesIn(client: DynamoDBClient, table: string): Promise<string[]> {
  const { paginateQuery } = await import('@aws-sdk/client-dynamodb');
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :populations',
      ExpressionAttributeValues: { ':populations': { S: 'populations' } },
      ProjectionExpression: 'sk',
    },
  );
  const names: string[] = [];
  for await (const { Items = [] } of pages) names.push(...Items.flatMap(({ sk }) => sk.S ?? []));
  return names;
}

function packed(text: string, { population, shards }: Manifest): Uint8Array {
  const bytes = gzipSync(text);
  if (bytes.length <= MAX_MANIFEST_BYTES) return bytes;
  throw new Invalid(
    `expected a manifest of ${JSON.stringify(population)} of at most ${MAX_MANIFEST_BYTES} bytes, gzipped, got ${bytes.length} for ${shards.length} shards; put more users into each shard`,
  );
}

function textIn({ manifest }: Item, where: string): string {
  try {
    return gunzipSync(manifest?.B ?? new Uint8Array(0)).toString();
  } catch (cause) {
    throw new Invalid(`${where}: the manifest is damaged: expected gzipped JSON`, { cause });
  }
}
