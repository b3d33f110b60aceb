/** Objects that come in parts: each upload is a folder with its parts, until it is completed or aborted. */
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AwsFault } from '../aws-service.ts';
import { CHECKSUMS } from './s3-body.ts';
import type { XmlElement } from './s3-xml.ts';

const uploadPart = z.strictObject({
  file: z.string(),
  size: z.number(),
  /** MD5, as hex digits. */
  etag: z.string(),
  checksums: z.record(z.string(), z.string()),
});

const multipartUpload = z.strictObject({
  id: z.string(),
  bucket: z.string(),
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  /** The header of the checksum that the whole object gets from those of its parts, if it gets one. */
  checksum: z.string().optional(),
  parts: z.record(z.string(), uploadPart),
});

type UploadPart = Readonly<z.infer<typeof uploadPart>>;
export type MultipartUpload = Readonly<z.infer<typeof multipartUpload>>;
export type PartDescription = Omit<UploadPart, 'file'>;

/** What the parts make together. */
export type Assembly = PartDescription;

const MAX_PARTS = 10_000;

/** Of each part but the last. */
const MIN_PART_BYTES = 5 * 2 ** 20;

export class MultipartUploads {
  readonly #folder: string;
  readonly #uploads = new Map<string, MultipartUpload>();

  constructor(root: string) {
    this.#folder = join(root, '.s3', 'uploads');
    mkdirSync(this.#folder, { recursive: true });
    for (const id of readdirSync(this.#folder)) {
      const upload = multipartUpload.parse(JSON.parse(readFileSync(this.#recordOf(id), 'utf8')));
      this.#uploads.set(id, upload);
    }
  }

  create(upload: Omit<MultipartUpload, 'id' | 'parts'>): MultipartUpload {
    const id = randomUUID();
    mkdirSync(join(this.#folder, id));
    return this.#keep({ ...upload, id, parts: {} });
  }

  find(id: string, bucket: string, key: string): MultipartUpload {
    const upload = this.#uploads.get(id);
    if (upload?.bucket === bucket && upload.key === key) return upload;
    throw new AwsFault(
      404,
      'NoSuchUpload',
      'The specified upload does not exist: it was completed or aborted, or never was.',
    );
  }

  /** Takes what was written to a file as a part, in place of one of the same number. */
  add(upload: MultipartUpload, number: string, written: string, part: PartDescription): void {
    const before: UploadPart | undefined = upload.parts[number];
    const file = randomUUID();
    renameSync(written, join(this.#folder, upload.id, file));
    this.#keep({ ...upload, parts: { ...upload.parts, [number]: { ...part, file } } });
    if (before) rmSync(join(this.#folder, upload.id, before.file));
  }

  /** Writes the chosen parts, one after the other, to a file. */
  assemble(upload: MultipartUpload, chosen: readonly XmlElement[], path: string): Assembly {
    const parts = partsOf(upload, chosen);
    writeFileSync(path, '');
    for (const { file } of parts) appendFileSync(path, readFileSync(join(this.#folder, upload.id, file)));
    return {
      size: parts.reduce((sum, { size }) => sum + size, 0),
      etag: `${createHash('md5')
        .update(
          joined(
            parts.map(({ etag }) => etag),
            'hex',
          ),
        )
        .digest('hex')}-${parts.length}`,
      checksums: upload.checksum === undefined ? {} : { [upload.checksum]: checksumOf(upload.checksum, parts) },
    };
  }

  remove({ id }: MultipartUpload): void {
    this.#uploads.delete(id);
    rmSync(join(this.#folder, id), { recursive: true });
  }

  /** The record comes last: a part that it does not name is no part. */
  #keep(upload: MultipartUpload): MultipartUpload {
    const record = this.#recordOf(upload.id);
    writeFileSync(`${record}.next`, JSON.stringify(upload));
    renameSync(`${record}.next`, record);
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  #recordOf(id: string): string {
    return join(this.#folder, id, 'upload.json');
  }
}

/** `1`, …, `10000`. */
export function partNumberOf(text: string | null): string {
  if (text !== null && /^[1-9]\d{0,4}$/.test(text) && Number(text) <= MAX_PARTS) return text;
  throw new AwsFault(400, 'InvalidArgument', `expected a part number from 1 to ${MAX_PARTS}, got ${text}`);
}

function partsOf(upload: MultipartUpload, chosen: readonly XmlElement[]): UploadPart[] {
  const numbers = chosen.map((part) => Number(partNumberOf(textOf(part, 'PartNumber') ?? null)));
  if (numbers.length === 0) throw new AwsFault(400, 'MalformedXML', 'expected the parts to complete, got none');
  if (numbers.some((number, i) => i > 0 && number <= numbers[i - 1])) {
    throw new AwsFault(400, 'InvalidPartOrder', `expected parts in rising order, got ${numbers.join(', ')}`);
  }
  const parts = chosen.map((part, i) => partOf(upload, String(numbers[i]), part));
  const small = parts.slice(0, -1).find(({ size }) => size < MIN_PART_BYTES);
  if (small === undefined) return parts;
  throw new AwsFault(
    400,
    'EntityTooSmall',
    `expected ${MIN_PART_BYTES} bytes in each part but the last, got ${small.size}`,
  );
}

/** The part of that number, which must be the one that the caller knows. */
function partOf({ parts }: MultipartUpload, number: string, { children }: XmlElement): UploadPart {
  const part: UploadPart | undefined = parts[number];
  const known: Record<string, string | undefined> = { PartNumber: number, ETag: part?.etag };
  for (const [header, value] of Object.entries(part?.checksums ?? {})) known[elementOf(header)] = value;
  const stranger = children.find(({ name, text }) => known[name] !== text.replaceAll('"', ''));
  if (part !== undefined && stranger === undefined) return part;
  throw new AwsFault(
    400,
    'InvalidPart',
    `expected part ${number} as it was uploaded, got another ${stranger?.name ?? 'one'}`,
  );
}

function textOf({ children }: XmlElement, name: string): string | undefined {
  return children.find((child) => child.name === name)?.text;
}

/** `ChecksumCRC32` for `x-amz-checksum-crc32`. */
export function elementOf(header: string): string {
  return `Checksum${header.slice('x-amz-checksum-'.length).toUpperCase()}`;
}

/** A checksum of the parts' checksums, which only its mark of how many there are keeps from being taken for one of the bytes. */
function checksumOf(header: string, parts: readonly UploadPart[]): string {
  const checksums = parts.map(({ checksums }) => checksums[header] ?? '');
  if (checksums.includes(''))
    throw new AwsFault(400, 'InvalidPart', `expected each part with ${header}, got one without`);
  return `${CHECKSUMS[header](joined(checksums, 'base64')).toString('base64')}-${parts.length}`;
}

function joined(digests: readonly string[], encoding: 'hex' | 'base64'): Buffer {
  return Buffer.concat(digests.map((digest) => Buffer.from(digest, encoding)));
}
