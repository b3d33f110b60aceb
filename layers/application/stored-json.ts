/** JSON objects in a store, checked against their schema when they are read. */
import type * as z from 'zod';
import { Invalid } from './errors.ts';
import type { ObjectStore } from './ports.ts';
import { shown } from './shown.ts';

export async function writeJson(objects: ObjectStore, name: string, value: unknown): Promise<void> {
  await objects.write(name, jsonBytes(value));
}

/** As a person reads it. */
export function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/**
 * An object that may not be there. It is listed before it is read: who may read some names but not list them all is told by S3
 * of a missing one that it is forbidden.
 */
export async function readIfAny(objects: ObjectStore, name: string): Promise<Uint8Array | undefined> {
  return (await objects.list(name)).includes(name) ? objects.read(name) : undefined;
}

/** What a step before wrote: not to find it, or to find something else, is a bug and no caller's mistake. */
export async function readJson<T>(objects: ObjectStore, name: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await objects.read(name);
  if (!bytes) throw new Error(`${name}: expected what a step before wrote, found nothing`);
  return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Options are written by hand; a larger file is something else. */
const MOST_OPTION_BYTES = 4 * 2 ** 20;

/** Options that somebody wrote by hand; the defaults of the schema where there are none. */
export async function readOptions<T>(objects: ObjectStore, name: string, schema: z.ZodType<T>): Promise<T> {
  const given = await optionsIn(objects, name);
  const options = schema.safeParse(given);
  if (options.success) return options.data;
  const [issue] = options.error.issues;
  if (issue.code === 'unrecognized_keys') {
    throw new Invalid(`${name}: expected other options, got ${shown(issue.keys[0])}, which there is not`);
  }
  const where = issue.path.length === 0 ? '' : ` of ${issue.path.join('.')}`;
  throw new Invalid(
    `${name}: expected other options, because${where} ${issue.message}, got ${shown(valueAt(given, issue.path))}`,
  );
}

async function optionsIn(objects: ObjectStore, name: string): Promise<unknown> {
  const entry = (await objects.entries(name)).find((each) => each.name === name);
  if (entry && entry.bytes > MOST_OPTION_BYTES) {
    throw new Invalid(`${name}: expected options of at most ${MOST_OPTION_BYTES} bytes, got ${entry.bytes}`);
  }
  const bytes = entry && (await objects.read(name));
  return bytes ? jsonOf(bytes, name) : {};
}

function jsonOf(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Invalid(`${where}: expected JSON in UTF-8, got something else`, { cause });
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
