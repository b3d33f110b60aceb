/** Which permissions a request to S3 uses, and on what. */
import type { Call, ServiceRequest } from '../aws-service.ts';
import { deletionOf } from './deletion.ts';
import { copySourceOf, operationOf } from './s3-operation.ts';

/** Reference: Amazon S3, "Required permissions for Amazon S3 API operations". */
export function callsOf(request: ServiceRequest): readonly Call[] {
  const { name, action, bucket, key } = operationOf(request);
  const call = { action, resource: arnOf(bucket, key) };
  switch (name) {
    case 'ListBuckets':
      return [{ action, resource: '*' }];
    case 'ListObjectsV2':
      return [{ ...call, context: { 's3:prefix': request.url.searchParams.get('prefix') ?? '' } }];
    case 'DeleteObjects':
      return deletionOf(request).keys.map((each) => ({ action, resource: arnOf(bucket, each) }));
    case 'CopyObject': {
      const source = copySourceOf(request);
      return [{ action: 's3:GetObject', resource: arnOf(source.bucket, source.key) }, call];
    }
    case 'PutObject':
    case 'CompleteMultipartUpload':
      // Whoever learns whether an ETag is the object's own has read something of it.
      return request.headers['if-match'] === undefined ? [call] : [{ ...call, action: 's3:GetObject' }, call];
    default:
      return [call];
  }
}

function arnOf(bucket: string, key: string): string {
  return key === '' ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`;
}
