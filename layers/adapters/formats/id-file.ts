/** Lists of user ids: one a line, CSV with a column id or user_id (an audience of akin's, say), or NDJSON with an id. */

import { Invalid } from '#application/errors.ts';
import type { IdList } from '#application/id-list.ts';
import { shown } from '#application/shown.ts';
import { csvRecordsOf } from './csv.ts';
import { headerOf, idColumnOf } from './csv-header.ts';
import type { InputFile } from './input-file.ts';
import { jsonObjectOf, placeOf } from './json-line.ts';
import { checkId } from './user-record.ts';

export async function readIds(input: InputFile): Promise<IdList> {
  const ids = new Set<string>();
  let count = 0;
  for await (const id of input.isJson ? ndjsonIds(input) : csvIds(input)) {
    ids.add(id);
    count++;
  }
  if (count === 0) throw new Invalid(`${input.path}: expected at least one id, got none`);
  return { source: input.path, sha256: input.sha256(), ids: [...ids], duplicates: count - ids.size };
}

async function* ndjsonIds({ path, lines }: InputFile): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line.text.trim() === '') continue;
    const { id, user_id } = jsonObjectOf(line, path);
    yield checkId(id ?? user_id, placeOf(path, line.number));
  }
}

async function* csvIds(input: InputFile): AsyncGenerator<string> {
  const { path } = input;
  let column: number | undefined;
  for await (const record of csvRecordsOf(input)) {
    const where = placeOf(path, record.line);
    if (column === undefined) {
      column = idColumnOf(record.cells, where);
      if (column !== undefined) {
        headerOf(record.cells, where);
        continue;
      }
      if (record.cells.length > 1) {
        throw new Invalid(
          `${where}: expected one id a line, or a column id or user_id in the header, got ${shown(record.cells.join(','))}`,
        );
      }
      column = 0;
    }
    yield checkId(record.cells[column], where);
  }
}
