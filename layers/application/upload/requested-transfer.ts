/** Large files that partners send in parts: what a file is cut into, the addresses of its parts, and its end. */
import * as z from 'zod';
import { NotFound } from '../errors.ts';
import type { Transfers } from '../ports.ts';
import { type Batch, checkedBatchFolder, FileName } from './batch.ts';

/** A file up to this size goes by one PUT, a larger one in parts of this size. */
export const PART_BYTES = 32 * 1024 * 1024;

/** As S3 has it: parts of one object, and the size of the largest. */
const MOST_PARTS = 10_000;
export const MOST_FILE_BYTES = 5 * 2 ** 40;

/** So many addresses fit well into an answer. */
const MOST_ADDRESSES = 500;

export interface Transfer {
  readonly id: string;
  readonly partBytes: number;
  readonly parts: number;
}

const TransferId = z.string().min(1).max(1_024);

export const PartsQuery = z.strictObject({
  transfer: TransferId,
  from: z.coerce.number().int().min(1).max(MOST_PARTS).default(1).meta({ description: 'the first part' }),
  count: z.coerce.number().int().min(1).max(MOST_ADDRESSES).default(MOST_ADDRESSES),
});
export type PartsQuery = z.infer<typeof PartsQuery>;

export const TransferEnd = z.strictObject({
  transfer: TransferId,
  tags: z
    .array(z.string().regex(/^"?[0-9a-f]{32}"?$/, 'expected the ETag that the PUT of the part was answered with'))
    .min(1)
    .max(MOST_PARTS)
    .meta({ description: 'the ETag of each part, in their order' }),
});
export type TransferEnd = z.infer<typeof TransferEnd>;

export interface FileInBatch extends Batch {
  readonly file: string;
}

/** Cut into parts of 32 MiB, or of more where there would be too many. */
export async function beginTransfer(transfers: Transfers, name: string, bytes: number): Promise<Transfer> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS));
  return { id: await transfers.begin(name), partBytes, parts: Math.ceil(bytes / partBytes) };
}

/** Addresses of some parts, from one on. */
export async function partsOf(transfers: Transfers, file: FileInBatch, { transfer, from, count }: PartsQuery) {
  const name = nameOf(file);
  const last = Math.min(from + count - 1, MOST_PARTS);
  const numbers = Array.from({ length: last - from + 1 }, (_, n) => from + n);
  const parts = await Promise.all(
    numbers.map(async (part) => ({ part, url: await transfers.toPart(name, transfer, part) })),
  );
  return { expires: transfers.writeSeconds, parts };
}

/** Makes the parts one file of the batch; said again, nothing. */
export async function endTransfer(transfers: Transfers, file: FileInBatch, { transfer, tags }: TransferEnd) {
  const bare = tags.map((tag) => tag.replaceAll('"', ''));
  await transfers.end(nameOf(file), transfer, bare);
  return { name: file.file };
}

function nameOf({ file, ...batch }: FileInBatch): string {
  if (FileName.safeParse(file).success) return `${checkedBatchFolder(batch)}${file}`;
  throw new NotFound(`expected the name of a file of a batch, got ${JSON.stringify(file)}`);
}
