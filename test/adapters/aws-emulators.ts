/** AWS on this machine, for the length of a test file, and tables and buckets there that are a test's own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { AwsEndpoint } from '#infra/local/aws-endpoint.ts';
import { REGION } from '#infra/local/aws-service.ts';
import { DynamodbService } from '#infra/local/dynamodb-service.ts';
import { S3Service } from '#infra/local/s3/s3-service.ts';

export interface Emulator {
  readonly url: string;
  readonly stop: () => Promise<unknown>;
}

/** A whole Python may have to be read from a cold disk. */
const START_MS = 60_000;

/** Starts an emulator before the tests of this file, or of this `describe`, and stops it after them. */
export function emulated(start: () => Promise<Emulator>): () => string {
  let emulator: Emulator | undefined;
  beforeAll(async () => {
    emulator = await start();
  }, START_MS);
  afterAll(async () => {
    await emulator?.stop();
  });
  return () => {
    if (!emulator) throw new Error('expected an emulator, which is there only while tests run');
    return emulator.url;
  };
}

/** The services of the stack on a laptop, DynamoDB by dynalite. */
export async function startLocalAws(): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), 'akin-test-s3-'));
  const dynamodb = new DynamodbService();
  await dynamodb.start();
  const services = { dynamodb, s3: new S3Service(folder, () => {}) };
  const endpoint = new AwsEndpoint({ services, secretOf: () => 'secret' });
  const url = await endpoint.start();
  return {
    url,
    stop: async () => {
      await endpoint.stop();
      await dynamodb.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the title of tests that need moto says where it is not; empty where it is. */
export function motoMissing(): string {
  return spawnSync('moto_server', ['--help']).status === 0 ? '' : ' (skipped: there is no moto_server on the path)';
}

export async function startMoto(): Promise<Emulator> {
  const { url, stop } = await listening(createServer());
  await stop();
  const { port } = new URL(url);
  const moto = spawn('moto_server', ['-H', '127.0.0.1', '-p', port], { stdio: 'ignore' });
  await answering(`${url}/moto-api/`, moto);
  return {
    url,
    stop: async () => {
      const ended = once(moto, 'exit');
      moto.kill();
      await ended;
    },
  };
}

export interface OwnTable {
  readonly table: string;
  readonly open: () => Promise<DynamoDBClient>;
  /** One more client of the same table. */
  readonly openAnother: () => Promise<DynamoDBClient>;
}

let made = 0;

/** An empty table, created when its client is first asked for. */
export function ownTable(url: () => string): OwnTable {
  const table = `table-${++made}`;
  let client: Promise<DynamoDBClient> | undefined;
  const open = () => {
    client ??= createTable(new DynamoDBClient(configFor(url())), table);
    return client;
  };
  const openAnother = async () => {
    await open();
    return new DynamoDBClient(configFor(url()));
  };
  return { table, open, openAnother };
}

export interface OwnBucket {
  readonly bucket: string;
  readonly open: () => Promise<S3Client>;
}

/** An empty bucket, created when its client is first asked for. */
export function ownBucket(url: () => string): OwnBucket {
  const bucket = `bucket-${++made}`;
  let client: Promise<S3Client> | undefined;
  return {
    bucket,
    open() {
      client ??= createBucket(new S3Client(configFor(url())), bucket);
      return client;
    },
  };
}

/** What points a client at an emulator. */
export function configFor(url: string) {
  return { endpoint: url, region: REGION, credentials: { accessKeyId: 'tester', secretAccessKey: 'secret' } };
}

/** Any server on a free port. */
export async function listening(server: Server): Promise<Emulator> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a server that listens on a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function createTable(client: DynamoDBClient, table: string): Promise<DynamoDBClient> {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  for (let status = ''; status !== 'ACTIVE'; ) {
    status = (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus ?? '';
  }
  return client;
}

async function createBucket(client: S3Client, bucket: string): Promise<S3Client> {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return client;
}

/** Waits until the process answers; it may end before it does. */
async function answering(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`expected a server at ${url}, it ended with code ${server.exitCode}`);
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await pauseFor(100);
  }
}
