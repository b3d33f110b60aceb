/** What a CSV file's first line says of its columns. */
import { Invalid } from '#application/errors.ts';
import type { CsvRecord } from './csv.ts';
import { shown } from './json-line.ts';

/** The names of the columns, each once, none empty. */
export function headerOf({ cells }: CsvRecord, path: string): readonly string[] {
  const header = cells.map((cell) => cell.trim());
  const twice = header.find((name, at) => header.indexOf(name) < at);
  if (header.includes('')) throw new Invalid(`${path}, line 1: expected a name for every column, got an empty one`);
  if (twice !== undefined) throw new Invalid(`${path}, line 1: expected each column once, got ${shown(twice)} twice`);
  return header;
}

/** The column of the user's id: `id`, else `user_id`, in any case. */
export function idColumnOf(header: readonly string[], path: string): number | undefined {
  const lower = header.map((name) => name.toLowerCase());
  for (const name of ['id', 'user_id', 'userid']) {
    const column = lower.indexOf(name);
    if (column < 0) continue;
    if (lower.lastIndexOf(name) === column) return column;
    throw new Invalid(`${path}, line 1: expected one column ${name}, got two`);
  }
  return undefined;
}
