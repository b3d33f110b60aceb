/** One line of NDJSON as an object. */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { Line } from './input-file.ts';

/** Where a line stands, as messages say it. */
export function placeOf(path: string, line: number): string {
  return `${path}, line ${line}`;
}

export function jsonObjectOf({ text, number }: Line, path: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(text, 'a JSON object', placeOf(path, number));
  if (isObject(value)) return value;
  throw new Invalid(`${placeOf(path, number)}: expected a JSON object, got ${shown(value)}`);
}

export function jsonOf(text: string, wanted: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Invalid(`${where}: expected ${wanted}, got ${shown(text)}`, { cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
