/**
 * Records as items of a DynamoDB table with the keys `pk` and `sk`, both texts: pk `ledger`, sk the record's name, and
 * the attributes `version`, `content`, `writer` and, where it may be forgotten, `ttl` in seconds since 1970. DynamoDB
 * removes expired items late, so an expired one is no record from its first second on.
 *
 * A write whose answer was lost is sent again, and then finds its own work in its way. It knows it by `writer`, a name
 * that every call makes for itself: the content would not do, because two rivals may well write the same.
 */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Ledger } from '#application/ports.ts';
import { explainingAwsFaults, isAwsFault } from './aws-faults.ts';
import { ledgerConflict } from './ledger-conflict.ts';

interface StoredRecord {
  readonly content: string;
  readonly version: number;
  readonly writer: string;
}

/** `open` is asked before every request, and gives the one client that there is. */
export function dynamodbLedger(
  table: string,
  open: () => Promise<DynamoDBClient>,
  now: () => number = Date.now,
): Ledger {
  const explained = <T>(work: (client: DynamoDBClient) => Promise<T>) =>
    explainingAwsFaults(`the table ${table}`, async () => work(await open()));

  const stored = async (name: string): Promise<StoredRecord | undefined> => {
    const { GetItemCommand } = await import('@aws-sdk/client-dynamodb');
    const command = new GetItemCommand({ TableName: table, Key: keyOf(name), ConsistentRead: true });
    const { Item } = await explained((client) => client.send(command));
    return Item && !isForgotten(Item, now()) ? recordIn(Item, name) : undefined;
  };

  return {
    async read(name) {
      const record = await stored(name);
      return record && { content: record.content, version: record.version };
    },

    async write(name, content, version, forgottenAt = 0) {
      const { PutItemCommand } = await import('@aws-sdk/client-dynamodb');
      const record = { content, version: version + 1, writer: crypto.randomUUID() };
      const Item = { ...keyOf(name), ...attributesOf(record, forgottenAt) };
      const command = new PutItemCommand({ TableName: table, Item, ...conditionOf(version, now()) });
      try {
        await explained((client) => client.send(command));
      } catch (error) {
        if (!isAwsFault(error, 'ConditionalCheckFailedException')) throw error;
        const found = await stored(name);
        if (found?.writer !== record.writer) throw ledgerConflict(name, found?.version ?? 0);
      }
    },
  };
}

function keyOf(name: string) {
  return { pk: { S: 'ledger' }, sk: { S: name } };
}

function attributesOf({ content, version, writer }: StoredRecord, forgottenAt: number) {
  const attributes = { version: { N: String(version) }, content: { S: content }, writer: { S: writer } };
  return forgottenAt === 0 ? attributes : { ...attributes, ttl: { N: String(Math.ceil(forgottenAt / 1000)) } };
}

/** That `version` still is the version: 0 if there is no record, or only one that is forgotten. */
function conditionOf(version: number, now: number) {
  const seconds = { ':now': { N: String(Math.floor(now / 1000)) } };
  if (version === 0) {
    return {
      ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: seconds,
    };
  }
  return {
    ConditionExpression: '#version = :version AND (attribute_not_exists(#ttl) OR #ttl > :now)',
    ExpressionAttributeNames: { '#version': 'version', '#ttl': 'ttl' },
    ExpressionAttributeValues: { ...seconds, ':version': { N: String(version) } },
  };
}

function isForgotten({ ttl }: Record<string, AttributeValue>, now: number): boolean {
  return ttl?.N !== undefined && Number(ttl.N) <= Math.floor(now / 1000);
}

function recordIn({ content, version, writer }: Record<string, AttributeValue>, name: string): StoredRecord {
  if (content?.S === undefined || version?.N === undefined || writer?.S === undefined) {
    throw new TypeError(`expected content, version and writer in the record ${JSON.stringify(name)}, found it without`);
  }
  return { content: content.S, version: Number(version.N), writer: writer.S };
}
