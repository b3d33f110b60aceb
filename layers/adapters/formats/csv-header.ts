/** What a CSV file's header says of its columns. */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { LAYOUT } from '#domain/kernels/reader.ts';

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

/** What the header of a file of users says. */
export interface UserColumns {
  readonly names: readonly string[];
  readonly layout: keyof typeof LAYOUT;
  /** Columns; −1 where there is none. */
  readonly id: number;
  readonly feature: number;
  readonly weight: number;
}

export function userColumnsOf(cells: readonly string[], where: string): UserColumns {
  const names = headerOf(cells, where);
  const id = idColumnOf(names, where);
  if (id === undefined) {
    throw new Invalid(`${where}: expected a column id or user_id in the header, got ${shown(names.join(','))}`);
  }
  if (names.length === 1) throw new Invalid(`${where}: expected a column of features beside ${names[0]}, got none`);
  for (const [layout, one, other] of [
    ['listed', 'features', 'weights'],
    ['paired', 'feature', 'weight'],
  ] as const) {
    const [feature, weight] = [columnOf(names, one), columnOf(names, other)];
    if (feature < 0) continue;
    refuseOthers(names, [id, feature, weight], where);
    return { names, layout, id, feature, weight };
  }
  return { names, layout: 'wide', id, feature: -1, weight: -1 };
}

/** A column that would go unread, in silence, is more likely a misunderstanding. */
function refuseOthers(names: readonly string[], known: readonly number[], where: string): void {
  const other = names.find((_, column) => !known.includes(column));
  if (other === undefined) return;
  const expected = known.filter((column) => column >= 0).map((column) => names[column]);
  throw new Invalid(`${where}: expected no columns but ${expected.join(', ')}, got also ${shown(other)}`);
}
