import { createServer } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { explainedAwsFault } from '#adapters/aws-faults.ts';
import { dynamodbLedger } from '#adapters/dynamodb-ledger.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import { Invalid } from '#application/errors.ts';
import { configFor, listening } from './aws-emulators.ts';

/** The address of a server that refuses everything in this way. */
async function refusing(status: number, body: string): Promise<string> {
  const { url, stop } = await listening(
    createServer((request, response) => {
      request.resume();
      response.writeHead(status).end(body);
    }),
  );
  onTestFinished(async () => {
    await stop();
  });
  return url;
}

const s3Fault = (code: string) => `<Error><Code>${code}</Code><Message>so it is</Message></Error>`;
const dynamoDbFault = (code: string) => JSON.stringify({ __type: `com.amazonaws#${code}`, message: 'so it is' });

describe('AWS faults', () => {
  it.each([
    ['AccessDenied', 403, 'expected permission to use s3://bucket/a, AWS denies it (so it is); ask for it'],
    ['AccessDenied', 403, 'or see whether it is there at all'],
    ['NoSuchBucket', 404, 'expected the bucket of s3://bucket/a, found none of that name'],
    [
      'InvalidAccessKeyId',
      403,
      'expected AWS credentials that are valid for s3://bucket/a, AWS refuses them (so it is)',
    ],
    ['SignatureDoesNotMatch', 403, 'expected AWS credentials that are valid for s3://bucket/a'],
    ['ExpiredToken', 400, 'expected AWS credentials that are valid for s3://bucket/a'],
    ['InvalidToken', 400, 'expected AWS credentials that are valid for s3://bucket/a'],
    ['RequestTimeTooSkewed', 403, "expected this machine's clock to be right to use s3://bucket/a"],
    [
      'PermanentRedirect',
      301,
      'expected s3://bucket/a in this region, AWS has it in another one (so it is); set AWS_REGION',
    ],
    ['AuthorizationHeaderMalformed', 400, 'expected s3://bucket/a in this region'],
    ['KeyTooLongError', 400, 'expected a shorter name than s3://bucket/a…'],
  ])('of S3, of the code %s, are explained', async (code, status, sentence) => {
    const client = new S3Client({ ...configFor(await refusing(status, s3Fault(code))), maxAttempts: 1 });

    const read = s3ObjectStore('bucket', async () => client).read('a');

    await expect(read).rejects.toThrow(Invalid);
    await expect(read).rejects.toThrow(sentence);
  });

  it.each([
    ['AccessDeniedException', 'expected permission to use the table t, AWS denies it (so it is); ask for it'],
    [
      'ResourceNotFoundException',
      'expected the table t, found none of that name; deploy the stack, or correct the name',
    ],
    ['UnrecognizedClientException', 'expected AWS credentials that are valid for the table t, AWS refuses them'],
    ['InvalidSignatureException', 'expected AWS credentials that are valid for the table t'],
    ['ExpiredTokenException', 'expected AWS credentials that are valid for the table t'],
  ])('of DynamoDB, of the code %s, are explained', async (code, sentence) => {
    const client = new DynamoDBClient({ ...configFor(await refusing(400, dynamoDbFault(code))), maxAttempts: 1 });

    const read = dynamodbLedger('t', async () => client).read('a');

    await expect(read).rejects.toThrow(Invalid);
    await expect(read).rejects.toThrow(sentence);
  });

  it('say that there are no credentials at all', async () => {
    const { endpoint, region } = configFor('http://127.0.0.1:1');
    const credentials = () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }));
    const client = new S3Client({ endpoint, region, credentials });

    await expect(s3ObjectStore('bucket', async () => client).list('a')).rejects.toThrow(
      'expected AWS credentials to use s3://bucket/a, found none; sign in, or set AWS_PROFILE',
    );
  });

  it('keep what they came from, and stay what they are where nobody but AWS can help', () => {
    const denied = Object.assign(new Error('so it is'), { name: 'AccessDenied' });
    const broken = Object.assign(new Error('so it is'), { name: 'InternalError' });

    expect(explainedAwsFault(denied, 'x')).toMatchObject({ cause: denied });
    expect(explainedAwsFault(broken, 'x')).toBe(broken);
    expect(explainedAwsFault('text', 'x')).toBe('text');
    expect(explainedAwsFault(Object.assign(new Error('odd'), { name: 'toString' }), 'x')).not.toBeInstanceOf(Invalid);
  });
});
