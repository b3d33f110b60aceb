/** The contracts of all stores of AWS once more, on an emulator that others wrote: where it differs from ours, one is wrong. */
import { describe } from 'vitest';
import { dynamodbBucketStore } from '#adapters/dynamodb-bucket-store.ts';
import { dynamodbCatalog } from '#adapters/dynamodb-catalog.ts';
import { dynamodbLedger } from '#adapters/dynamodb-ledger.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import { bucketStoreContract } from '../contracts/bucket-store.contract.ts';
import { catalogContract } from '../contracts/catalog.contract.ts';
import { ledgerContract } from '../contracts/ledger.contract.ts';
import { objectStoreContract } from '../contracts/object-store.contract.ts';
import { emulated, motoMissing, ownBucket, ownTable, startMoto } from './aws-emulators.ts';

const missing = motoMissing();

describe.skipIf(missing !== '')(`on moto${missing}`, () => {
  const url = emulated(startMoto);

  objectStoreContract('S3', () => {
    const { bucket, open } = ownBucket(url);
    return s3ObjectStore(bucket, open);
  });

  bucketStoreContract('DynamoDB', () => {
    const { table, open } = ownTable(url);
    return dynamodbBucketStore(table, open);
  });

  catalogContract('DynamoDB', () => {
    const { table, open } = ownTable(url);
    return dynamodbCatalog(table, open);
  });

  ledgerContract('DynamoDB', (now) => {
    const { table, open } = ownTable(url);
    return dynamodbLedger(table, open, now);
  });
});
