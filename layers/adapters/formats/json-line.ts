/** One line of NDJSON as an object. */
import { Invalid } from '#application/errors.ts';
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
  return isObjectOrList(value) && !Array.isArray(value);
}

function isObjectOrList(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A value as a message may show it: short, and nothing that a terminal would obey. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value); // JSON would call Infinity null
  // What lies deeper is left out: it may lie deeper than the stack is high.
  const text = JSON.stringify(value, (_, inner: unknown) => (inner !== value && isObjectOrList(inner) ? '…' : inner));
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
