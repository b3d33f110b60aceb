/** What lies in a batch, told by names: `populations/<population>/<batch>/<file>`. */
import * as z from 'zod';
import { Invalid, NotFound } from '../errors.ts';
import { checkPopulationName } from '../population.ts';

export const OPTIONS_FILE = 'options.json';
export const SUCCESS_FILE = '_SUCCESS';
export const STATUS_FILE = '_STATUS.json';

/** As other tools name the folders that they export into: `date=2026-11-24`, say. */
export const BATCH_NAME = /^[A-Za-z0-9][A-Za-z0-9._=-]{0,62}$/;

export const BatchName = z
  .string()
  .regex(BATCH_NAME, 'expected 1 to 63 letters, digits, dots, dashes, underscores and equals signs');

export const FileName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.=-]{0,199}$/, 'expected 1 to 200 letters, digits, dots, dashes, underscores and equals signs')
  .refine((name) => name !== OPTIONS_FILE, 'expected the options with the call that closes the batch');

export interface Batch {
  readonly population: string;
  readonly batch: string;
}

export function batchFolder({ population, batch }: Batch): string {
  return `populations/${population}/${batch}/`;
}

/** Of a batch that a caller names: NotFound where that cannot be one. */
export function checkedBatchFolder({ population, batch }: Batch): string {
  if (BATCH_NAME.test(batch)) return batchFolder({ population: checkPopulationName(population), batch });
  throw new NotFound(`expected the name of a batch, got ${JSON.stringify(batch)}`);
}

export function placeInBatch(objectName: string): Batch & { readonly file: string } {
  const [, population, batch, ...rest] = objectName.split('/');
  if (rest.length === 0 || !BATCH_NAME.test(batch)) {
    throw new Invalid(
      `${objectName}: expected populations/<population>/<batch>/<file>, with a batch of 1 to 63 letters, digits, dots, dashes, underscores and equals signs`,
    );
  }
  return { population: checkPopulationName(population, `${objectName}: `), batch, file: fileOf(objectName) };
}

/** Whether an object of a batch holds users. */
export function holdsUsers(name: string): boolean {
  return fileOf(name) !== '' && !isPrivate(name) && fileOf(name) !== OPTIONS_FILE;
}

/** `_STATUS.json`, `.part.crc` and what exporters keep below `_temporary/` while they write are nobody's users. */
export function isPrivate(name: string): boolean {
  const [, , , ...parts] = name.split('/');
  return parts.some((part) => part.startsWith('_') || part.startsWith('.'));
}

export function fileOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
