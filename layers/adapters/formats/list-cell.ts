/** A list in one cell of CSV. */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import { jsonOf } from './json-line.ts';

/** `a|b`, `a;b`, `a,b` or `["a","b"]`; nothing for an empty cell. */
export function listOf(cell: string, where: string): unknown[] {
  if (cell === '') return [];
  if (cell.startsWith('[')) return jsonListOf(cell, where);
  const separator = ['|', ';', ','].find((candidate) => cell.includes(candidate));
  if (separator !== undefined) return cell.split(separator).map((entry) => entry.trim());
  if (!isSeveral(cell)) return [cell.trim()];
  throw new Invalid(`${where}: expected features separated by | (or ; or ,), or a JSON array, got ${shown(cell)}`);
}

/** Whether two that have a name, such as `age:25-34`, stand there with nothing but space between them. */
function isSeveral(cell: string): boolean {
  const words = cell.split(/\s+/);
  const first = words.findIndex((word) => word.includes(':'));
  return first >= 0 && words.slice(first + 1).some((word) => word.includes(':', 1));
}

function jsonListOf(cell: string, where: string): unknown[] {
  const list = jsonOf(cell, 'a JSON array', where);
  if (Array.isArray(list)) return list;
  throw new Invalid(`${where}: expected a JSON array, got ${shown(cell)}`);
}

export function numberOf(text: string, where: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number)) throw new Invalid(`${where}: expected a weight, got ${shown(text)}`);
  return number;
}
