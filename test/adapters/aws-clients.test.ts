import { describe, expect, it } from 'vitest';
import { openDynamoDb, openEventBridge, openS3, openSfn, openSqs } from '#adapters/aws-clients.ts';

describe('AWS clients', () => {
  it.each([
    ['S3Client', openS3],
    ['DynamoDBClient', openDynamoDb],
    ['SQSClient', openSqs],
    ['SFNClient', openSfn],
    ['EventBridgeClient', openEventBridge],
  ])('has one %s in this process, patient with a service that is busy', async (name, open) => {
    const [first, second] = await Promise.all([open(), open()]);

    expect(second).toBe(first);
    expect(first.constructor.name).toBe(name);
    expect(await first.config.maxAttempts()).toBe(8);
  });
});
