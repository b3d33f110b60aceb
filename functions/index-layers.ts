/** The functions of pinned populations, from the environment of the one function that changes them. */
import { openS3 } from '#adapters/aws-clients.ts';
import { openLambda } from '#adapters/lambda-client.ts';
import { lambdaIndexLayers } from '#adapters/lambda-index-layers.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import type { IndexLayers } from '#application/ports.ts';

let opened: IndexLayers | undefined;

export function indexLayers(): IndexLayers {
  opened ??= layersOf(process.env);
  return opened;
}

function layersOf({ BUCKET = '', PINNED = '{}' }: Readonly<Record<string, string | undefined>>): IndexLayers {
  return lambdaIndexLayers({
    pinned: JSON.parse(PINNED),
    bucket: BUCKET,
    objects: s3ObjectStore(BUCKET, openS3),
    open: openLambda,
  });
}
