/** The outside world of every function, built from the environment once per cold start. Nothing else reads the environment. */
import { openDynamoDb, openEventBridge, openS3, openS3ForLinks, openSfn, openSqs } from '#adapters/aws-clients.ts';
import { dynamodbBucketStore } from '#adapters/dynamodb-bucket-store.ts';
import { dynamodbCatalog } from '#adapters/dynamodb-catalog.ts';
import { dynamodbLedger } from '#adapters/dynamodb-ledger.ts';
import { eventbridgeAnnouncements } from '#adapters/eventbridge-announcements.ts';
import { temporaryFileCache } from '#adapters/file-cache.ts';
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { arrowSeedFormat } from '#adapters/formats/arrow-seeds.ts';
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { inputFormats } from '#adapters/formats/input-formats.ts';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { nearbyObjectStore } from '#adapters/nearby-object-store.ts';
import { s3Links } from '#adapters/s3-links.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import { s3Transfers } from '#adapters/s3-transfers.ts';
import { sfnWorkflows } from '#adapters/sfn-workflows.ts';
import { type DeadLetters, sqsDeadLetters } from '#adapters/sqs-dead-letters.ts';
import { sqsMessages } from '#adapters/sqs-messages.ts';
import { v8DataFormat } from '#adapters/v8-data-format.ts';
import type { Links, LivePorts, StepPorts, Transfers } from '#application/ports.ts';
import { type Settings, settingsFrom } from '#application/settings.ts';

export interface FunctionPorts extends StepPorts, LivePorts {
  readonly settings: Settings;
  readonly links: Links;
  readonly transfers: Transfers;
  readonly deadLetters: DeadLetters;
  /** How often a message is tried before it is given up. */
  readonly maxTries: number;
  /** What the function may take. */
  readonly memoryBytes: number;
}

/** Lambda gives 512 MB below /tmp where nobody asks for more; some of it is left for others. */
const INDEX_CACHE_BYTES = 400e6;

/** Where Lambda unpacks layers; elsewhere the environment names folders, separated by colons. */
const LAYERS = '/opt';

let opened: FunctionPorts | undefined;

export function ports(): FunctionPorts {
  opened ??= awsPorts(process.env);
  return opened;
}

function awsPorts(environment: Readonly<Record<string, string | undefined>>): FunctionPorts {
  const named = (variable: string) => environment[variable] ?? '';
  const objects = s3ObjectStore(named('BUCKET'), openS3);
  return {
    settings: settingsFrom(environment),
    objects,
    transfers: s3Transfers(named('BUCKET'), openS3ForLinks, objects),
    nearby: nearbyObjectStore(
      (environment.LAYER_FOLDERS ?? LAYERS).split(':'),
      temporaryFileCache('akin-index', INDEX_CACHE_BYTES),
    ),
    links: s3Links(named('BUCKET'), openS3ForLinks),
    catalog: dynamodbCatalog(named('CATALOG_TABLE'), openDynamoDb),
    ledger: dynamodbLedger(named('CATALOG_TABLE'), openDynamoDb),
    buckets: dynamodbBucketStore(named('BANDS_TABLE'), openDynamoDb),
    scratchBuckets: memoryBucketStore,
    shardFormat: arrowShardFormat,
    indexFormat: arrowIndexFormat,
    seedFormat: arrowSeedFormat,
    inputs: inputFormats,
    dataFormat: v8DataFormat,
    neighbors: hnswlibNeighbors,
    workflows: sfnWorkflows({ upload: named('UPLOAD_MACHINE'), expansion: named('EXPANSION_MACHINE') }, openSfn),
    announcements: eventbridgeAnnouncements(openEventBridge),
    messages: sqsMessages(named('REFRESH_QUEUE'), openSqs),
    deadLetters: sqsDeadLetters(named('DEAD_LETTERS'), openSqs),
    maxTries: Number(named('MAX_TRIES') || 1),
    memoryBytes: Number(named('AWS_LAMBDA_FUNCTION_MEMORY_SIZE')) * 2 ** 20,
  };
}
