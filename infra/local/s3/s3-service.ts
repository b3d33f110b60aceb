/** Amazon S3 as far as this system uses it, on a folder: buckets, objects with conditions and ranges, lists, copies, uploads in parts. */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import {
  AwsFault,
  type Call,
  notKnown,
  REGION,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from '../aws-service.ts';
import { BucketFolder, bucketsIn, writingFolder } from './bucket-folder.ts';
import { deletionOf } from './deletion.ts';
import { elementOf, MultipartUploads, partNumberOf } from './multipart-uploads.ts';
import { downloadOf } from './object-download.ts';
import { checksumHeaders, keptHeaders } from './object-headers.ts';
import { listingOf } from './object-listing.ts';
import { assertReplaceable, noSuchKey } from './preconditions.ts';
import { bodyOf, CHECKSUMS } from './s3-body.ts';
import { callsOf } from './s3-calls.ts';
import { copySourceOf, type OperationName, operationOf, type S3Operation } from './s3-operation.ts';
import { readXml, xmlDocument, xmlElement, xmlText } from './s3-xml.ts';
import type { ObjectDescription, StoredObject } from './stored-object.ts';

/** What happened to an object, for whoever wants to be woken by it. */
export interface S3Event {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  /** Hex digits, as many in each: of two events the later has the greater text. */
  readonly sequencer: string;
  readonly kind: 'Object Created' | 'Object Deleted';
  readonly reason: 'PutObject' | 'CompleteMultipartUpload' | 'CopyObject' | 'DeleteObject';
}

type Creation = Exclude<S3Event['reason'], 'DeleteObject'>;
type Content = Pick<ObjectDescription, 'size' | 'etag' | 'headers' | 'checksums'>;
type Answer = (operation: S3Operation, request: ServiceRequest) => ServiceResponse | Promise<ServiceResponse>;

const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export class S3Service implements Service {
  readonly #folder: string;
  readonly #notify: (event: S3Event) => void;
  readonly #buckets = new Map<string, BucketFolder>();
  readonly #uploads: MultipartUploads;
  #sequence = 0;

  /** Opens what is stored below the folder; `notify` is told of each change after it is made, before its caller hears of it. */
  constructor(folder: string, notify: (event: S3Event) => void) {
    this.#folder = folder;
    this.#notify = notify;
    for (const name of bucketsIn(folder)) this.createBucket(name);
    this.#uploads = new MultipartUploads(folder);
    rmSync(writingFolder(folder), { recursive: true, force: true });
    mkdirSync(writingFolder(folder), { recursive: true });
  }

  /** A bucket that is there stays as it is. */
  createBucket(name: string): void {
    if (!BUCKET_NAME.test(name))
      throw new AwsFault(400, 'InvalidBucketName', `expected the name of a bucket, got ${name}`);
    if (this.#buckets.has(name)) return;
    const bucket = new BucketFolder(this.#folder, name);
    this.#buckets.set(name, bucket);
    for (const key of bucket.keys()) {
      this.#sequence = Math.max(this.#sequence, Number.parseInt(bucket.find(key)?.sequencer ?? '0', 16));
    }
  }

  /** An object for the stack's own use, without a request. */
  bytesOf(bucket: string, key: string): Buffer {
    const file = this.#bucket(bucket).open(this.#object({ bucket, key }));
    try {
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  }

  calls(request: ServiceRequest): readonly Call[] {
    return callsOf(request);
  }

  answer(request: ServiceRequest): ServiceResponse | Promise<ServiceResponse> {
    const operation = operationOf(request);
    return this.#answers[operation.name](operation, request);
  }

  readonly #answers: Readonly<Record<OperationName, Answer>> = {
    ListBuckets: () => xml('ListAllMyBucketsResult', [xmlElement('Buckets', this.#bucketElements())]),
    CreateBucket: ({ bucket }, { body }) => {
      if (body.length > 0) throw notKnown('S3 CreateBucket with a configuration');
      this.createBucket(bucket);
      return { status: 200, headers: { location: `/${bucket}` }, body: '' };
    },
    HeadBucket: ({ bucket }) => {
      this.#bucket(bucket);
      return { status: 200, headers: { 'x-amz-bucket-region': REGION }, body: '' };
    },
    ListObjectsV2: ({ bucket }, { url }) => listingOf(bucket, this.#bucket(bucket), url.searchParams),
    GetObject: (target, request) => downloadOf(request, this.#bucket(target.bucket), this.#object(target)),
    HeadObject: (target, request) => downloadOf(request, this.#bucket(target.bucket), this.#object(target)),
    PutObject: (target, request) => this.#putObject(target, request),
    CopyObject: (target, request) => this.#copyObject(target, request),
    DeleteObject: (target) => {
      this.#delete(target);
      return { status: 204, headers: {}, body: '' };
    },
    DeleteObjects: ({ bucket }, request) => {
      const { keys, isQuiet } = deletionOf(request);
      for (const key of keys) this.#delete({ bucket, key });
      return xml('DeleteResult', isQuiet ? [] : keys.map((key) => xmlElement('Deleted', [xmlText('Key', key)])));
    },
    CreateMultipartUpload: (target, { headers }) => this.#createUpload(target, headers),
    UploadPart: (target, request) => this.#uploadPart(target, request),
    CompleteMultipartUpload: (target, request) => this.#completeUpload(target, request),
    AbortMultipartUpload: ({ bucket, key }, { url }) => {
      this.#uploads.remove(this.#uploads.find(uploadIdOf(url), bucket, key));
      return { status: 204, headers: {}, body: '' };
    },
  };

  async #putObject(target: S3Operation, request: ServiceRequest): Promise<ServiceResponse> {
    this.#bucket(target.bucket);
    const { bytes, md5, checksums } = bodyOf(request);
    const content = { size: bytes.length, etag: md5, headers: keptHeaders(request.headers), checksums };
    const object = await this.#written(bytes, (path) =>
      this.#commit(target, request.headers, path, content, 'PutObject'),
    );
    return { status: 200, headers: { etag: `"${object.etag}"`, ...checksumHeaders(object) }, body: '' };
  }

  async #copyObject(target: S3Operation, { headers }: ServiceRequest): Promise<ServiceResponse> {
    const from = copySourceOf({ headers });
    const source = this.#object(from);
    const bytes = this.bytesOf(from.bucket, from.key);
    const directive = String(headers['x-amz-metadata-directive'] ?? 'COPY');
    if (directive !== 'COPY' && directive !== 'REPLACE')
      throw notKnown(`S3 CopyObject with the directive ${directive}`);
    if (directive === 'COPY' && from.bucket === target.bucket && from.key === target.key) {
      throw new AwsFault(
        400,
        'InvalidRequest',
        'expected another object or other metadata, got a copy of an object to itself',
      );
    }
    const content = {
      size: bytes.length,
      etag: createHash('md5').update(bytes).digest('hex'),
      headers: directive === 'COPY' ? source.headers : keptHeaders(headers),
      checksums: Object.fromEntries(Object.entries(source.checksums).filter(([, value]) => !value.includes('-'))),
    };
    const object = await this.#written(bytes, (path) => this.#commit(target, {}, path, content, 'CopyObject'));
    return xml('CopyObjectResult', [
      xmlText('ETag', `"${object.etag}"`),
      xmlText('LastModified', new Date(object.modified).toISOString()),
      ...checksumElements(object),
    ]);
  }

  #createUpload({ bucket, key }: S3Operation, headers: IncomingHttpHeaders): ServiceResponse {
    this.#bucket(bucket);
    const algorithm = String(headers['x-amz-checksum-algorithm'] ?? '');
    const checksum = `x-amz-checksum-${algorithm.toLowerCase()}`;
    if (algorithm !== '' && !Object.hasOwn(CHECKSUMS, checksum)) throw notKnown(`S3 uploads with ${algorithm}`);
    const described = { bucket, key, headers: keptHeaders(headers) };
    const { id } = this.#uploads.create(algorithm === '' ? described : { ...described, checksum });
    return xml('InitiateMultipartUploadResult', [
      xmlText('Bucket', bucket),
      xmlText('Key', key),
      xmlText('UploadId', id),
    ]);
  }

  async #uploadPart({ bucket, key }: S3Operation, request: ServiceRequest): Promise<ServiceResponse> {
    const id = uploadIdOf(request.url);
    this.#uploads.find(id, bucket, key);
    const number = partNumberOf(request.url.searchParams.get('partNumber'));
    const { bytes, md5, checksums } = bodyOf(request);
    // The upload is looked up again: it may have ended while the part was written.
    await this.#written(bytes, (path) =>
      this.#uploads.add(this.#uploads.find(id, bucket, key), number, path, {
        size: bytes.length,
        etag: md5,
        checksums,
      }),
    );
    return { status: 200, headers: { etag: `"${md5}"`, ...checksums }, body: '' };
  }

  async #completeUpload(target: S3Operation, request: ServiceRequest): Promise<ServiceResponse> {
    const { bucket, key } = target;
    const parts = readXml(bodyOf(request).bytes.toString(), 'CompleteMultipartUpload');
    const object = await this.#written('', (path) => {
      const upload = this.#uploads.find(uploadIdOf(request.url), bucket, key);
      const content = { ...this.#uploads.assemble(upload, parts, path), headers: upload.headers };
      const completed = this.#commit(target, request.headers, path, content, 'CompleteMultipartUpload');
      this.#uploads.remove(upload);
      return completed;
    });
    return xml('CompleteMultipartUploadResult', [
      xmlText('Bucket', bucket),
      xmlText('Key', key),
      xmlText('ETag', `"${object.etag}"`),
      ...checksumElements(object),
    ]);
  }

  /** Gives `use` a file with the bytes, which it may take away. */
  async #written<T>(bytes: Uint8Array | string, use: (path: string) => T): Promise<T> {
    const path = join(writingFolder(this.#folder), randomUUID());
    try {
      await writeFile(path, bytes);
      return use(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** Nothing is awaited between the conditions and the commit: of several writers only one finds what it expects. */
  #commit(
    { bucket, key }: S3Operation,
    conditions: IncomingHttpHeaders,
    path: string,
    content: Content,
    reason: Creation,
  ): StoredObject {
    const folder = this.#bucket(bucket);
    assertReplaceable(conditions, folder.find(key));
    const modified = Math.floor(Date.now() / 1000) * 1000;
    const sequencer = this.#nextSequencer();
    const { size, etag } = content;
    const object = folder.commit(path, { ...content, key, modified, sequencer });
    this.#notify({ bucket, key, size, etag, sequencer, kind: 'Object Created', reason });
    return object;
  }

  /** What is not there is as good as deleted. */
  #delete({ bucket, key }: Pick<S3Operation, 'bucket' | 'key'>): void {
    const folder = this.#bucket(bucket);
    const object = folder.find(key);
    if (object === undefined) return;
    const { size, etag } = object;
    folder.remove(object);
    const sequencer = this.#nextSequencer();
    this.#notify({ bucket, key, size, etag, sequencer, kind: 'Object Deleted', reason: 'DeleteObject' });
  }

  /** Time, in microseconds, or later than that: it rises even if the clock does not. */
  #nextSequencer(): string {
    this.#sequence = Math.max(this.#sequence + 1, Date.now() * 1000);
    return this.#sequence.toString(16).toUpperCase().padStart(16, '0');
  }

  #bucketElements(): string[] {
    return [...this.#buckets.keys()].sort().map((name) => xmlElement('Bucket', [xmlText('Name', name)]));
  }

  #bucket(name: string): BucketFolder {
    const bucket = this.#buckets.get(name);
    if (bucket) return bucket;
    throw new AwsFault(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  }

  #object({ bucket, key }: Pick<S3Operation, 'bucket' | 'key'>): StoredObject {
    const object = this.#bucket(bucket).find(key);
    if (object) return object;
    throw noSuchKey();
  }
}

function uploadIdOf(url: URL): string {
  return url.searchParams.get('uploadId') ?? '';
}

function xml(root: string, children: readonly string[]): ServiceResponse {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xmlDocument(root, children) };
}

function checksumElements({ checksums }: StoredObject): string[] {
  return Object.entries(checksums).map(([header, value]) => xmlText(elementOf(header), value));
}
