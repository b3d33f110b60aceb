import { S3Client } from '@aws-sdk/client-s3';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import { s3Transfers } from '#adapters/s3-transfers.ts';
import { transfersContract } from '../contracts/transfers.contract.ts';
import { configFor, emulated, ownBucket, startLocalAws } from './aws-emulators.ts';

const url = emulated(startLocalAws);

transfersContract('S3, of the local stack', () => {
  const { bucket, open } = ownBucket(url);
  const objects = s3ObjectStore(bucket, open);
  const openForParts = async () => {
    await open(); // makes the bucket
    return new S3Client({ ...configFor(url()), requestChecksumCalculation: 'WHEN_REQUIRED' });
  };
  return { transfers: s3Transfers(bucket, openForParts, objects), objects };
});
