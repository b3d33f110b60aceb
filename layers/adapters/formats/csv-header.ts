/** What a CSV file's header says of its columns. */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';

/** The names of the columns, each once, none empty. */
export function headerOf(cells: readonly string[], where: string): readonly string[] {
  const header = cells.map((cell) => cell.trim());
  if (header.includes('')) throw new Invalid(`${where}: expected a name for every column, got an empty one`);
  const seen = new Set<string>();
  for (const name of header) {
    if (seen.has(name)) throw new Invalid(`${where}: expected each column once, got ${shown(name)} twice`);
    seen.add(name);
  }
  return header;
}

/** The column of that name in any case, or −1. */
export function columnOf(header: readonly string[], name: string): number {
  return header.findIndex((column) => column.trim().toLowerCase() === name);
}

/** The column of the user's id: `id`, else `user_id`, in any case. */
export function idColumnOf(header: readonly string[], where: string): number | undefined {
  for (const name of ['id', 'user_id', 'userid']) {
    const column = columnOf(header, name);
    if (column < 0) continue;
    if (columnOf(header.slice(column + 1), name) < 0) return column;
    throw new Invalid(`${where}: expected one column ${name}, got two`);
  }
  return undefined;
}
