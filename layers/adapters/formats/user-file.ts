/**
 * Users from NDJSON or CSV, whichever the first line shows.
 *
 * NDJSON: `{"id":"u1","features":["age:25-34","item:12"],"weights":[1,5]}`, weights optional.
 * CSV, by its header (`id` or `user_id` is the id's column):
 *   - a column `features` holds the list, separated by `|`, `;` or `,`, or a JSON array; `weights` likewise, optional;
 *   - a column `feature` (and `weight`, optional) holds one feature a row; the rows of a user stand together;
 *   - otherwise each further column is a field: `25-34` under `age` is the feature `age:25-34`, an empty cell is none.
 */
import { Invalid } from '#application/errors.ts';
import type { User } from '#domain/features/shard.ts';
import { type CsvRecord, csvRecordsOf } from './csv.ts';
import { headerOf, idColumnOf } from './csv-header.ts';
import type { InputFile } from './input-file.ts';
import { jsonObjectOf, placeOf, shown } from './json-line.ts';
import { checkId, checkUser } from './user-record.ts';

export async function* readUsers(input: InputFile): AsyncGenerator<User> {
  let count = 0;
  for await (const user of input.isJson ? ndjsonUsers(input) : csvUsers(input)) {
    count++;
    yield user;
  }
  if (count === 0) throw new Invalid(`${input.path}: expected at least one user, got an empty file`);
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
  const header = headerOf(first.value, path);
  const id = idColumnOf(header, path);
  if (id === undefined) {
    throw new Invalid(`${path}, line 1: expected a column id or user_id in the header, got ${shown(header.join(','))}`);
  }
  if (header.length === 1)
    throw new Invalid(`${path}, line 1: expected a column of features beside ${header[0]}, got none`);
  if (header.includes('features')) yield* listedUsers(records, header, id, path);
  else if (header.includes('feature')) yield* pairedUsers(records, header, id, path);
  else yield* wideUsers(records, header, id, path);
}

/** One row a user, the features in one cell. */
async function* listedUsers(
  records: AsyncIterable<CsvRecord>,
  header: readonly string[],
  id: number,
  path: string,
): AsyncGenerator<User> {
  const [features, weights] = [header.indexOf('features'), header.indexOf('weights')];
  for await (const { cells, line } of records) {
    const where = placeOf(path, line);
    const listed =
      weights < 0 || cells[weights] === ''
        ? undefined
        : listOf(cells[weights], where).map((text) => numberOf(text, where));
    yield checkUser({ id: cells[id], features: listOf(cells[features], where), weights: listed }, where);
  }
}

/** One row a user and feature. */
async function* pairedUsers(
  records: AsyncIterable<CsvRecord>,
  header: readonly string[],
  id: number,
  path: string,
): AsyncGenerator<User> {
  const [feature, weight] = [header.indexOf('feature'), header.indexOf('weight')];
  const finished = new Set<string>();
  let open: { id: string; features: string[]; weights: number[] | undefined; where: string } | undefined;
  for await (const { cells, line } of records) {
    const where = placeOf(path, line);
    if (open?.id !== cells[id]) {
      if (open) yield checkUser(open, open.where);
      if (finished.has(checkId(cells[id], where))) {
        throw new Invalid(
          `${where}: expected the rows of a user to stand together, got ${shown(cells[id])} again; sort the file by ${header[id]}`,
        );
      }
      finished.add(cells[id]);
      open = { id: cells[id], features: [], weights: weight < 0 ? undefined : [], where };
    }
    open.features.push(cells[feature]);
    if (weight >= 0) open.weights?.push(numberOf(cells[weight], where));
    open.where = where;
  }
  if (open) yield checkUser(open, open.where);
}

/** One row a user, one column a field. */
async function* wideUsers(
  records: AsyncIterable<CsvRecord>,
  header: readonly string[],
  id: number,
  path: string,
): AsyncGenerator<User> {
  for await (const { cells, line } of records) {
    const features = cells.flatMap((cell, at) => (at === id || cell === '' ? [] : [`${header[at]}:${cell}`]));
    yield checkUser({ id: cells[id], features }, placeOf(path, line));
  }
}

/** `a|b`, `a;b`, `a,b` or `["a","b"]`; nothing for an empty cell. */
function listOf(cell: string, where: string): string[] {
  if (cell === '') return [];
  if (cell.startsWith('[')) return jsonListOf(cell, where);
  const separator = ['|', ';', ','].find((candidate) => cell.includes(candidate));
  const list = separator === undefined ? [cell] : cell.split(separator);
  const merged = list.find((entry) => /:.*\s\S+:/.test(entry));
  if (merged === undefined) return list.map((entry) => entry.trim());
  throw new Invalid(`${where}: expected features separated by | (or ; or ,), or a JSON array, got ${shown(merged)}`);
}

function jsonListOf(cell: string, where: string): string[] {
  const list = jsonObjectOf({ text: `{"list":${cell}}`, number: 0 }, where).list;
  if (Array.isArray(list)) return list.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
  throw new Invalid(`${where}: expected a JSON array, got ${shown(cell)}`);
}

function numberOf(text: string, where: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number)) throw new Invalid(`${where}: expected a weight, got ${shown(text)}`);
  return number;
}
