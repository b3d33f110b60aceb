import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { bucketStoreContract } from '../contracts/bucket-store.contract.ts';

bucketStoreContract('memory', memoryBucketStore);
