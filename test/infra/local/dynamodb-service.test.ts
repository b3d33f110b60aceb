import { join } from 'node:path';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DynamodbService } from '#infra/local/dynamodb-service.ts';
import { temporaryFolder } from '../../adapters/temporary-folder.ts';
import { localEndpoint } from './local-endpoint.ts';

const PROPERTIES = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
};
const ANOTHER: Omit<CreateTableCommandInput, 'TableName'> = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};
const TABLE = { TableName: 'people' };
const ADA = { pk: { S: 'ada' }, sk: { S: '1' } };
const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/people';

async function localTable(folder?: string) {
  const service = new DynamodbService(folder);
  await service.start();
  await service.createTable('people', PROPERTIES);
  const { config, calls } = await localEndpoint({ dynamodb: service });
  const client = new DynamoDBClient({ ...config });
  let isRunning = true;
  const stop = async () => {
    if (isRunning) await service.stop();
    isRunning = false;
  };
  onTestFinished(stop);
  return { service, client, calls, stop };
}

describe('the local DynamoDB', () => {
  it('gives back what was put, bytes and sets among it', async () => {
    const { client } = await localTable();
    const Item = { ...ADA, bytes: { B: Uint8Array.of(0, 255) }, tags: { SS: ['a', 'b'] }, count: { N: '1.5' } };

    await client.send(new PutItemCommand({ ...TABLE, Item }));

    expect((await client.send(new GetItemCommand({ ...TABLE, Key: ADA }))).Item).toEqual(Item);
  });

  it('lets one of twenty writers through that all want to be the first', async () => {
    const { client } = await localTable();
    const put = (writer: number) =>
      client.send(
        new PutItemCommand({
          ...TABLE,
          Item: { ...ADA, writer: { N: `${writer}` } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      );

    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, writer) => put(writer)));

    const winners = outcomes.flatMap(({ status }, writer) => (status === 'fulfilled' ? [`${writer}`] : []));
    expect(winners).toHaveLength(1);
    expect((await client.send(new GetItemCommand({ ...TABLE, Key: ADA }))).Item?.writer).toEqual({ N: winners[0] });
    const faults = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(new Set(faults.map(({ reason }) => reason.name))).toEqual(new Set(['ConditionalCheckFailedException']));
  });

  it('keeps its tables in a folder, over a restart', async () => {
    const folder = join(temporaryFolder(), 'dynamodb');
    const before = await localTable(folder);
    await before.client.send(new PutItemCommand({ ...TABLE, Item: ADA }));
    await before.stop();

    const { client } = await localTable(folder);

    expect((await client.send(new GetItemCommand({ ...TABLE, Key: ADA }))).Item).toEqual(ADA);
  });

  it('names the permission of each call', async () => {
    const { client, calls } = await localTable();
    const index = { IndexName: 'by-name' };
    const Key = ADA;
    const query = { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': { S: 'ada' } } };
    const RequestItems = { people: [{ PutRequest: { Item: ADA } }], strangers: [{ PutRequest: { Item: ADA } }] };

    await client.send(new DescribeTableCommand(TABLE));
    await client.send(new PutItemCommand({ ...TABLE, Item: ADA }));
    await client.send(
      new UpdateItemCommand({
        ...TABLE,
        Key,
        UpdateExpression: 'SET a = :p',
        ExpressionAttributeValues: query.ExpressionAttributeValues,
      }),
    );
    await client.send(new GetItemCommand({ ...TABLE, Key }));
    await client.send(new QueryCommand({ ...TABLE, ...query }));
    await client.send(new ScanCommand(TABLE));
    await client.send(new DeleteItemCommand({ ...TABLE, Key }));
    await client.send(new BatchGetItemCommand({ RequestItems: { people: { Keys: [Key] } } }));
    await client.send(new ListTablesCommand());
    await client.send(new CreateTableCommand({ ...ANOTHER, TableName: 'another' }));
    await expect(client.send(new QueryCommand({ ...TABLE, ...index, ...query }))).rejects.toThrow('index');
    await expect(client.send(new BatchWriteItemCommand({ RequestItems }))).rejects.toThrow('not found');

    expect(calls).toEqual([
      `dynamodb:DescribeTable ${ARN}`,
      `dynamodb:PutItem ${ARN}`,
      `dynamodb:UpdateItem ${ARN}`,
      `dynamodb:GetItem ${ARN}`,
      `dynamodb:Query ${ARN}`,
      `dynamodb:Scan ${ARN}`,
      `dynamodb:DeleteItem ${ARN}`,
      `dynamodb:BatchGetItem ${ARN}`,
      'dynamodb:ListTables *',
      'dynamodb:CreateTable arn:aws:dynamodb:us-east-1:000000000000:table/another',
      `dynamodb:Query ${ARN}/index/by-name`,
      `dynamodb:BatchWriteItem ${ARN}`,
      'dynamodb:BatchWriteItem arn:aws:dynamodb:us-east-1:000000000000:table/strangers',
    ]);
  });

  it('refuses by its name what it does not know', async () => {
    const { client, service } = await localTable();
    const transaction = new TransactWriteItemsCommand({ TransactItems: [{ Delete: { ...TABLE, Key: ADA } }] });
    const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true };

    const refusals = [
      client.send(transaction),
      client.send(new UpdateTimeToLiveCommand({ ...TABLE, TimeToLiveSpecification })),
    ];

    await expect(refusals[0]).rejects.toThrow('got DynamoDB TransactWriteItems');
    await expect(refusals[1]).rejects.toThrow('got DynamoDB UpdateTimeToLive');
    await expect(service.createTable('b', { ...PROPERTIES, StreamSpecification: {} })).rejects.toThrow(
      'StreamSpecification',
    );
  });

  it('says why it cannot create a table', async () => {
    const { service } = await localTable();

    await expect(service.createTable('x', PROPERTIES)).rejects.toThrow(
      /^expected to create the table x, got .*at least 3 characters/,
    );
  });

  it('answers what is under way before it stops', async () => {
    const { service, stop } = await localTable();
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      'x-amz-date': '20000101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=a/20000101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    };
    const body = Buffer.from(JSON.stringify({ ...TABLE, Item: ADA }));

    const answer = service.answer({ method: 'POST', url: new URL('http://localhost/'), headers, body });
    await stop();

    expect(await answer).toMatchObject({ status: 200 });
  });
});
