/** Users out of a file by JSON.parse a line or by csv-parse, an object each: the oracle of the reader by columns, in its messages too. */
import { type CsvRecord, csvRecordsOf } from '#adapters/formats/csv.ts';
import { type UserColumns, userColumnsOf } from '#adapters/formats/csv-header.ts';
import type { InputFile } from '#adapters/formats/input-file.ts';
import { jsonObjectOf, placeOf } from '#adapters/formats/json-line.ts';
import { listOf, numberOf } from '#adapters/formats/list-cell.ts';
import {
  checkFeature,
  checkFeatureCount,
  checkId,
  checkUser,
  checkWeight,
  givenTwice,
} from '#adapters/formats/user-record.ts';
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { User } from '#domain/features/shard.ts';

export async function* slowUsers(input: InputFile): AsyncGenerator<User> {
  if (!input.isJson) {
    yield* csvUsers(input);
    return;
  }
  for await (const line of input.lines) {
    if (line.text.trim() !== '') yield checkUser(jsonObjectOf(line, input.path), placeOf(input.path, line.number));
  }
}

async function* csvUsers(input: InputFile): AsyncGenerator<User> {
  const { path } = input;
  const records = csvRecordsOf(input);
  const first = await records.next();
  if (first.done) return;
  const columns = userColumnsOf(first.value.cells, placeOf(path, first.value.line));
  if (columns.layout === 'paired') yield* pairedUsers(records, columns, path);
  else for await (const { cells, line } of records) yield userOf(cells, columns, placeOf(path, line));
}

function userOf(cells: readonly string[], { names, layout, id, feature, weight }: UserColumns, where: string): User {
  if (layout === 'wide') {
    const features = cells.flatMap((cell, at) => (at === id || cell === '' ? [] : [`${names[at]}:${cell}`]));
    return checkUser({ id: cells[id], features }, where);
  }
  const weights =
    weight < 0 || cells[weight] === ''
      ? undefined
      : listOf(cells[weight], where).map((entry) => (typeof entry === 'string' ? numberOf(entry, where) : entry));
  return checkUser({ id: cells[id], features: listOf(cells[feature], where), weights }, where);
}

async function* pairedUsers(
  records: AsyncIterable<CsvRecord>,
  { names, id, feature, weight }: UserColumns,
  path: string,
): AsyncGenerator<User> {
  const finished = new Set<string>();
  let open: { id: string; weights: Map<string, number> } | undefined;
  const opened = ({ id: user, weights }: NonNullable<typeof open>) => ({
    id: user,
    features: [...weights.keys()],
    weights: [...weights.values()],
  });
  for await (const { cells, line } of records) {
    const where = placeOf(path, line);
    if (open?.id !== cells[id]) {
      if (open) yield opened(open);
      if (finished.has(checkId(cells[id], where))) {
        throw new Invalid(
          `${where}: expected the rows of a user to stand together, got ${shown(cells[id])} again; sort the file by ${names[id]}`,
        );
      }
      finished.add(cells[id]);
      open = { id: cells[id], weights: new Map() };
    }
    const name = checkFeature(cells[feature], where);
    if (open.weights.has(name)) throw givenTwice(name, where);
    checkFeatureCount(open.weights.size + 1, where);
    open.weights.set(name, weight < 0 ? 1 : checkWeight(numberOf(cells[weight], where), where));
  }
  if (open) yield opened(open);
}
