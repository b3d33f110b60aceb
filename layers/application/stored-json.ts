/** JSON objects in a store, checked against their schema when they are read. */
import type * as z from 'zod';
import { Invalid } from './errors.ts';
import type { ObjectStore } from './ports.ts';

export async function writeJson(objects: ObjectStore, name: string, value: unknown): Promise<void> {
  await objects.write(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
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

/** Options that somebody wrote by hand; the defaults of the schema where there are none. */
export async function readOptions<T>(objects: ObjectStore, name: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readIfAny(objects, name);
  const options = schema.safeParse(bytes ? jsonOf(new TextDecoder().decode(bytes), name) : {});
  if (options.success) return options.data;
  const [issue] = options.error.issues;
  const where = issue.path.length === 0 ? '' : ` of ${issue.path.join('.')}`;
  throw new Invalid(`${name}: expected other options, because${where} ${issue.message}`);
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid(`${where}: expected JSON, got something else`, { cause });
  }
}
