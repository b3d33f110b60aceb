/**
 * Users from NDJSON or CSV, whichever the first line shows.
 *
 * NDJSON: `{"id":"u1","features":["age:25-34","item:12"],"weights":[1,5]}`, weights optional.
 * CSV, by its header (`id` or `user_id` is the id's column; names of columns in any case):
 *   - a column `features` holds the list, separated by `|`, `;` or `,`, or a JSON array; `weights` likewise, optional;
 *   - a column `feature` (and `weight`, optional) holds one feature a row; the rows of a user stand together;
 *   - otherwise each further column is a field: `25-34` under `age` is the feature `age:25-34`, an empty cell is none.
 */
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { User } from '#domain/features/shard.ts';
import { type CsvRecord, csvRecordsOf } from './csv.ts';
import { columnOf, headerOf, idColumnOf } from './csv-header.ts';
import type { InputFile } from './input-file.ts';
import { jsonObjectOf, jsonOf, placeOf } from './json-line.ts';
import { checkFeature, checkFeatureCount, checkId, checkUser, checkWeight, givenTwice } from './user-record.ts';

export async function* readUsers(input: InputFile): AsyncGenerator<User> {
  let count = 0;
  for await (const user of usersIn(input)) {
    count++;
    yield user;
  }
  if (count === 0) throw new Invalid(`${input.path}: expected at least one user, got none`);
}

/** The same where there may be none: in a part of a file, say. */
export function usersIn(input: InputFile): AsyncGenerator<User> {
  return input.isJson ? ndjsonUsers(input) : csvUsers(input);
}

async function* ndjsonUsers({ path, lines }: InputFile): AsyncGenerator<User> {
  for await (const line of lines) {
    if (line.text.trim() === '') continue;
    yield checkUser(jsonObjectOf(line, path), placeOf(path, line.number));
  }
}

async function* csvUsers(input: InputFile): AsyncGenerator<User> {
  const { path } = input;
  const records = csvRecordsOf(input);
  const first = await records.next();
  if (first.done) return;
  const where = placeOf(path, first.value.line);
  const header = headerOf(first.value.cells, where);
  const id = idColumnOf(header, where);
  if (id === undefined) {
    throw new Invalid(`${where}: expected a column id or user_id in the header, got ${shown(header.join(','))}`);
  }
  if (header.length === 1) throw new Invalid(`${where}: expected a column of features beside ${header[0]}, got none`);
  const columns = { header, where, id };
  if (columnOf(header, 'features') >= 0) yield* listedUsers(records, columns, path);
  else if (columnOf(header, 'feature') >= 0) yield* pairedUsers(records, columns, path);
  else yield* wideUsers(records, columns, path);
}

/** What the header says. */
interface Columns {
  readonly header: readonly string[];
  readonly where: string;
  /** The column of the user's id. */
  readonly id: number;
}

/** A column that would go unread, in silence, is more likely a misunderstanding. */
function refuseOthers({ header, where }: Columns, known: readonly number[]): void {
  const other = header.find((_, column) => !known.includes(column));
  if (other === undefined) return;
  const expected = known.filter((column) => column >= 0).map((column) => header[column]);
  throw new Invalid(`${where}: expected no columns but ${expected.join(', ')}, got also ${shown(other)}`);
}

/** One row a user, the features in one cell. */
async function* listedUsers(records: AsyncIterable<CsvRecord>, columns: Columns, path: string): AsyncGenerator<User> {
  const { header, id } = columns;
  const [features, weights] = [columnOf(header, 'features'), columnOf(header, 'weights')];
  refuseOthers(columns, [id, features, weights]);
  for await (const { cells, line } of records) {
    const where = placeOf(path, line);
    const listed =
      weights < 0 || cells[weights] === ''
        ? undefined
        : listOf(cells[weights], where).map((entry) => (typeof entry === 'string' ? numberOf(entry, where) : entry));
    yield checkUser({ id: cells[id], features: listOf(cells[features], where), weights: listed }, where);
  }
}

/** One row a user and feature. */
async function* pairedUsers(records: AsyncIterable<CsvRecord>, columns: Columns, path: string): AsyncGenerator<User> {
  const { header, id } = columns;
  const [feature, weight] = [columnOf(header, 'feature'), columnOf(header, 'weight')];
  refuseOthers(columns, [id, feature, weight]);
  const finished = new Set<string>();
  let open: { id: string; weights: Map<string, number>; where: string } | undefined;
  const userOf = ({ id: user, weights, where }: NonNullable<typeof open>) =>
    checkUser({ id: user, features: [...weights.keys()], weights: [...weights.values()] }, where);
  for await (const { cells, line } of records) {
    const where = placeOf(path, line);
    if (open?.id !== cells[id]) {
      if (open) yield userOf(open);
      if (finished.has(checkId(cells[id], where))) {
        throw new Invalid(
          `${where}: expected the rows of a user to stand together, got ${shown(cells[id])} again; sort the file by ${header[id]}`,
        );
      }
      finished.add(cells[id]);
      open = { id: cells[id], weights: new Map(), where };
    }
    const name = checkFeature(cells[feature], where);
    if (open.weights.has(name)) throw givenTwice(name, where);
    checkFeatureCount(open.weights.size + 1, where);
    open.weights.set(name, weight < 0 ? 1 : checkWeight(numberOf(cells[weight], where), where));
    open.where = where;
  }
  if (open) yield userOf(open);
}

/** One row a user, one column a field. */
async function* wideUsers(
  records: AsyncIterable<CsvRecord>,
  { header, id }: Columns,
  path: string,
): AsyncGenerator<User> {
  for await (const { cells, line } of records) {
    const features = cells.flatMap((cell, at) => (at === id || cell === '' ? [] : [`${header[at]}:${cell}`]));
    yield checkUser({ id: cells[id], features }, placeOf(path, line));
  }
}

/** `a|b`, `a;b`, `a,b` or `["a","b"]`; nothing for an empty cell. */
function listOf(cell: string, where: string): unknown[] {
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

function numberOf(text: string, where: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number)) throw new Invalid(`${where}: expected a weight, got ${shown(text)}`);
  return number;
}
