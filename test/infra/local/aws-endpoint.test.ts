import { once } from 'node:events';
import { request as openRequest } from 'node:http';
import { Readable } from 'node:stream';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AwsEndpoint, type AwsEndpointOptions } from '#infra/local/aws-endpoint.ts';
import { AwsFault, type Service } from '#infra/local/aws-service.ts';
import { S3Service } from '#infra/local/s3/s3-service.ts';
import { temporaryFolder } from '../../adapters/temporary-folder.ts';
import type { ClientConfig } from './local-endpoint.ts';
import { presignedUrl } from './presigned.ts';
import { BUCKET, faultOf, localBucket } from './s3/local-bucket.ts';

const HELLO = { Bucket: BUCKET, Key: 'hello.txt' };

async function started(options: Partial<AwsEndpointOptions>): Promise<ClientConfig> {
  const endpoint = new AwsEndpoint({ services: {}, secretOf: () => 'secret', ...options });
  const url = await endpoint.start();
  onTestFinished(() => endpoint.stop());
  const credentials = { accessKeyId: 'tester', secretAccessKey: 'secret' };
  return { endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 };
}

function s3(): S3Service {
  const service = new S3Service(temporaryFolder(), () => undefined);
  service.createBucket(BUCKET);
  return service;
}

/** A service that answers with what it is given. */
function answering(answer: Service['answer']): Service {
  return { calls: () => [{ action: 'some:Call', resource: '*' }], answer };
}

function clientOf(config: ClientConfig): S3Client {
  const client = new S3Client({ ...config });
  onTestFinished(() => client.destroy());
  return client;
}

function tablesOf(config: ClientConfig): Promise<unknown> {
  return new DynamoDBClient({ ...config }).send(new ListTablesCommand());
}

describe('the endpoint', () => {
  it('knows each caller by its key, and refuses the wrong secret', async () => {
    const secrets = new Map([
      ['ada', 'secret of ada'],
      ['bob', 'secret of bob'],
    ]);
    const callers: string[] = [];
    const config = await started({
      services: { s3: s3() },
      secretOf: (accessKeyId) => secrets.get(accessKeyId),
      observe: (accessKeyId) => void callers.push(accessKeyId),
    });
    const head = (accessKeyId: string, secretAccessKey: string) => {
      const client = clientOf({ ...config, credentials: { accessKeyId, secretAccessKey } });
      return faultOf(client.send(new GetObjectCommand(HELLO)));
    };

    expect(await head('ada', 'secret of ada')).toBe('NoSuchKey 404');
    expect(await head('bob', 'secret of bob')).toBe('NoSuchKey 404');
    expect(await head('bob', 'secret of ada')).toBe('SignatureDoesNotMatch 403');
    expect(await head('eve', 'secret of eve')).toBe('InvalidAccessKeyId 403');
    expect(callers).toEqual(['ada', 'ada', 'bob', 'bob']);
  });

  it('tells of each call before it is made, and after it is made but before the answer', async () => {
    const service = s3();
    const told: string[] = [];
    const config = await started({
      services: { s3: service },
      observe: (_, { action }, moment) =>
        void told.push(`${moment} ${action}: ${isStored(service) ? 'there' : 'not there'}`),
    });

    await clientOf(config).send(new PutObjectCommand({ ...HELLO, Body: 'hello' }));
    told.push('answered');

    expect(told).toEqual(['before s3:PutObject: not there', 'after s3:PutObject: there', 'answered']);
  });

  it('can be told to refuse a call, which is then not made', async () => {
    const service = s3();
    const config = await started({
      services: { s3: service },
      observe: (_, { action }, moment) => {
        if (moment === 'before') throw new AwsFault(403, 'AccessDenied', `not allowed: ${action}`);
      },
    });

    const attempt = clientOf(config).send(new PutObjectCommand({ ...HELLO, Body: 'hello' }));

    await expect(attempt).rejects.toMatchObject({ name: 'AccessDenied', message: 'not allowed: s3:PutObject' });
    expect(isStored(service)).toBe(false);
  });

  it('tells of the end of a call that failed as well', async () => {
    const moments: string[] = [];
    const services = { s3: s3() };
    const config = await started({ services, observe: (_, __, moment) => void moments.push(moment) });

    expect(await faultOf(clientOf(config).send(new GetObjectCommand(HELLO)))).toBe('NoSuchKey 404');
    expect(moments).toEqual(['before', 'after']);
  });

  it('closes what it would have answered with if its observer fails', async () => {
    const body = Readable.from(['never', 'read']);
    const config = await started({
      services: { s3: answering(() => ({ status: 200, headers: {}, body })) },
      observe: (_, __, moment) => {
        if (moment === 'after') throw new AwsFault(503, 'SlowDown', 'injected');
      },
    });

    expect(await faultOf(clientOf(config).send(new GetObjectCommand(HELLO)))).toBe('SlowDown 503');
    expect(body.destroyed).toBe(true);
  });

  it('refuses a service that it does not have by its name, in the words of that service', async () => {
    const config = await started({ services: { s3: s3() } });

    await expect(tablesOf(config)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: 'expected what the local stack knows, got the service dynamodb',
      $metadata: { httpStatusCode: 501 },
    });
  });

  it('says no more than that it failed when a service does, and reports why', async () => {
    const reported: unknown[] = [];
    const bug = new Error('the secret is 42');
    const broken = answering(() => {
      throw bug;
    });
    const services = { s3: broken, dynamodb: answering(() => Promise.reject(bug)) };
    const config = await started({ services, report: (error) => reported.push(error) });

    const message = 'the local stack failed; its output says why';
    await expect(clientOf(config).send(new GetObjectCommand(HELLO))).rejects.toMatchObject({
      name: 'InternalError',
      message,
    });
    await expect(tablesOf(config)).rejects.toMatchObject({ name: 'InternalError', message });
    expect(reported).toEqual([bug, bug]);
  });

  it('breaks off an answer whose bytes cannot be read, and reports why', async () => {
    const reported: unknown[] = [];
    const bug = new Error('the disk is gone');
    const body = () =>
      Readable.from(
        (async function* () {
          yield 'some';
          throw bug;
        })(),
      );
    const services = { s3: answering(() => ({ status: 200, headers: { 'content-length': '9' }, body: body() })) };
    const config = await started({ services, report: (error) => reported.push(error) });

    const { Body } = await clientOf(config).send(new GetObjectCommand(HELLO));

    await expect(Body?.transformToString()).rejects.toThrow('aborted');
    expect(reported).toEqual([bug]);
  });

  it('lives on when a client goes away in the middle of its request, or of the answer', async () => {
    const reported: unknown[] = [];
    const config = await started({ services: { s3: s3() }, report: (error) => reported.push(error) });
    const client = clientOf(config);
    await client.send(new PutObjectCommand({ ...HELLO, Body: 'x'.repeat(8_000_000) }));

    const upload = openRequest(presignedUrl(config, { method: 'PUT', path: `/${BUCKET}/half` }), {
      method: 'PUT',
      headers: { 'content-length': 1_000 },
    });
    upload.on('error', () => undefined);
    await new Promise((sent) => upload.write('half', sent));
    upload.destroy();
    const download = openRequest(presignedUrl(config, { path: `/${BUCKET}/${HELLO.Key}` })).end();
    const [answer] = await once(download, 'response');
    answer.on('error', () => undefined).destroy();
    await once(answer, 'close');

    expect(await faultOf(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'half' })))).toBe('NotFound 404');
    expect((await client.send(new HeadObjectCommand(HELLO))).ContentLength).toBe(8_000_000);
    expect(reported).toEqual([]);
  });

  it('listens on the port that it is told, which nobody else may have', async () => {
    const { endpoint } = await started({});

    const second = new AwsEndpoint({ services: {}, secretOf: () => 'secret' });

    await expect(second.start(Number(new URL(endpoint).port))).rejects.toThrow('EADDRINUSE');
  });
});

describe('presigned addresses', () => {
  it('let anybody read and write one object', async () => {
    const { config, get } = await localBucket();
    const path = `/${BUCKET}/a%20b/%C3%A9`;

    const put = await fetch(presignedUrl(config, { method: 'PUT', path }), { method: 'PUT', body: 'hello' });
    const got = await fetch(presignedUrl(config, { path }));

    expect([put.status, got.status, await got.text()]).toEqual([200, 200, 'hello']);
    expect(await get('a b/é')).toBe('hello');
  });

  it('can say how the object is to be saved', async () => {
    const { config, put } = await localBucket();
    await put('audience', 'ada');
    const query = {
      'response-content-disposition': 'attachment; filename="b1.csv"',
      'response-content-type': 'text/csv',
    };

    const got = await fetch(presignedUrl(config, { path: `/${BUCKET}/audience`, query }));

    expect(got.headers.get('content-disposition')).toBe('attachment; filename="b1.csv"');
    expect(got.headers.get('content-type')).toBe('text/csv');
  });

  it('are refused with a header in their query that would be overlooked', async () => {
    const { config } = await localBucket();
    const address = { method: 'PUT', path: `/${BUCKET}/a`, query: { 'x-amz-meta-note': 'lost' } };

    const put = await fetch(presignedUrl(config, address), { method: 'PUT', body: 'a' });

    expect(put.status).toBe(501);
    expect(await put.text()).toContain('got S3 PUT with the header x-amz-meta-note in its query');
  });

  it('are no good when they were changed, are too old, or are used for something else', async () => {
    const { config, put, get } = await localBucket();
    await put('a', 'as it was');
    const path = `/${BUCKET}/a`;
    const good = presignedUrl(config, { path });
    const old = presignedUrl(config, { path, signedAt: new Date(Date.now() - 61_000) });
    const foreign = presignedUrl(
      { ...config, credentials: { accessKeyId: 'tester', secretAccessKey: 'guess' } },
      { path },
    );

    const answers = await Promise.all([
      fetch(good.replace('/a?', '/b?')),
      fetch(good.replace('X-Amz-Expires=60', 'X-Amz-Expires=600')),
      fetch(old),
      fetch(foreign),
      fetch(good, { method: 'PUT', body: 'overwritten' }),
      fetch(good, { method: 'DELETE' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    expect(await answers[2].text()).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
    expect(await get('a')).toBe('as it was');
    expect((await fetch(good)).status).toBe(200);
  });
});

function isStored(service: S3Service): boolean {
  try {
    return service.bytesOf(BUCKET, HELLO.Key).length > 0;
  } catch {
    return false;
  }
}
