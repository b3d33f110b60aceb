/**
 * The AWS clients of this process: one of each, loaded when first needed, because loading takes longer than many a
 * command. Region, credentials and endpoint are those of the environment.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SQSClient } from '@aws-sdk/client-sqs';

/** More than the SDK's three: a table or a prefix that grows with its load answers `slow down` for some seconds. */
export const ATTEMPTS = 8;

export const openS3: () => Promise<S3Client> = once(async () => {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({ maxAttempts: ATTEMPTS });
});

/** For presigned addresses: without it each would hold the checksum of an empty body, and no other could be sent. */
export const openS3ForLinks: () => Promise<S3Client> = once(async () => {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' });
});

export const openDynamoDb: () => Promise<DynamoDBClient> = once(async () => {
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  return new DynamoDBClient({ maxAttempts: ATTEMPTS });
});

export const openSqs: () => Promise<SQSClient> = once(async () => {
  const { SQSClient } = await import('@aws-sdk/client-sqs');
  return new SQSClient({ maxAttempts: ATTEMPTS });
});

export const openSfn: () => Promise<SFNClient> = once(async () => {
  const { SFNClient } = await import('@aws-sdk/client-sfn');
  return new SFNClient({ maxAttempts: ATTEMPTS });
});

export const openEventBridge: () => Promise<EventBridgeClient> = once(async () => {
  const { EventBridgeClient } = await import('@aws-sdk/client-eventbridge');
  return new EventBridgeClient({ maxAttempts: ATTEMPTS });
});

/** As the environment or its profile has it, which any client finds; throws the SDK's own error where there is none. */
export async function regionOfEnvironment(): Promise<string> {
  return (await openSfn()).config.region();
}

export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
