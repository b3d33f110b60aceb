/** Users and ids out of a file, read the slow and obvious way: all at once, letter by letter. Nothing where the file is to be refused. */
import { gunzipSync } from 'node:zlib';
import type { User } from '#domain/features/shard.ts';

export function naiveUsers(bytes: Buffer): User[] | undefined {
  return orNothing(() => {
    const text = textOf(bytes);
    const users = isJson(text) ? jsonLines(text).map(userOf) : csvUsers(csvRows(text));
    demand(users.length > 0);
    return users;
  });
}

/** Every id that is given, one that comes again included. */
export function naiveIds(bytes: Buffer): string[] | undefined {
  return orNothing(() => {
    const text = textOf(bytes);
    const ids = isJson(text) ? jsonLines(text).map(({ id, user_id }) => name(id ?? user_id)) : csvIds(csvRows(text));
    demand(ids.length > 0);
    return ids;
  });
}

class Refused extends Error {}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function demand(isRight: boolean): asserts isRight {
  if (!isRight) throw new Refused();
}

/** What stands in the place of failures that are Node's own. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new Refused();
  }
}

/** Without the byte order mark, from the first line on that is not blank, all lines ended. */
function textOf(bytes: Buffer): string {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? refusing(() => gunzipSync(bytes)) : bytes;
  const text = refusing(() => new TextDecoder('utf-8', { fatal: true }).decode(plain));
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return ended.replace(/^(?:[^\S\n]*\n)+/, '');
}

function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const value: unknown = refusing(() => JSON.parse(line));
      demand(typeof value === 'object' && value !== null && !Array.isArray(value));
      return { ...value };
    });
}

function csvRows(text: string): string[][] {
  const delimiter = delimiterOf(text);
  const rows: string[][] = [];
  for (let at = 0; at < text.length; ) {
    const row: string[] = [];
    const start = at;
    do {
      const [cell, end] = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, delimiter);
      row.push(cell);
      at = end;
      demand(text[at] === delimiter || endsLine(text, at));
    } while (text[at++] === delimiter);
    if (text[at - 1] === '\r') at++;
    if (row.length > 1 || row[0] !== '' || text[start] === '"') rows.push(row);
  }
  demand(rows.every((row) => row.length === rows[0].length));
  return rows;
}

function delimiterOf(text: string): string {
  const head = text
    .split('\n')[0]
    .replace(/\r$/, '')
    .replaceAll(/"[^"]*"/g, '');
  demand(!head.includes('\r'));
  return [',', ';', '\t'].toSorted((a, b) => head.split(b).length - head.split(a).length)[0];
}

function endsLine(text: string, at: number): boolean {
  return text[at] === '\n' || text.startsWith('\r\n', at);
}

/** A cell, and where the next letter stands. */
function quotedCell(text: string, start: number): [string, number] {
  let cell = '';
  let at = start + 1;
  for (; text[at] !== '"' || text[at + 1] === '"'; at++) {
    demand(at < text.length);
    cell += text[at];
    if (text[at] === '"') at++;
  }
  return [cell, at + 1];
}

function plainCell(text: string, start: number, delimiter: string): [string, number] {
  let at = start;
  while (text[at] !== delimiter && !endsLine(text, at)) at++;
  const cell = text.slice(start, at);
  demand(!cell.includes('"'));
  return [cell, at];
}

/** Where the id stands; −1 where no column says so. */
function idColumn(names: readonly string[]): number {
  const known = ['id', 'user_id', 'userid'].find((each) => names.includes(each));
  if (known === undefined) return -1;
  demand(names.indexOf(known) === names.lastIndexOf(known));
  return names.indexOf(known);
}

function columnsOf([header = []]: string[][]) {
  const titles = header.map((cell) => cell.trim());
  return { titles, names: titles.map((title) => title.toLowerCase()) };
}

function demandColumns(titles: readonly string[]): void {
  demand(!titles.includes('') && new Set(titles).size === titles.length);
}

function csvIds(rows: string[][]): string[] {
  const { titles, names } = columnsOf(rows);
  const id = idColumn(names);
  if (id >= 0) demandColumns(titles);
  else demand(names.length <= 1);
  return rows.slice(id >= 0 ? 1 : 0).map((row) => name(row[Math.max(0, id)]));
}

function csvUsers(rows: string[][]): User[] {
  if (rows.length === 0) return [];
  const { titles, names } = columnsOf(rows);
  demandColumns(titles);
  const id = idColumn(names);
  demand(id >= 0 && names.length > 1);
  const records = rows.slice(1);
  const only = (...known: string[]) => {
    demand(names.every((each, column) => column === id || (known.includes(each) && names.indexOf(each) === column)));
    return known.map((each) => names.indexOf(each));
  };
  if (names.includes('features')) {
    const [features, weights] = only('features', 'weights');
    return records.map((row) => listedUser(row[id], row[features], weights < 0 ? '' : row[weights]));
  }
  if (names.includes('feature')) {
    const [feature, weight] = only('feature', 'weight');
    return pairedUsers(
      records.map((row) => ({ id: name(row[id]), feature: row[feature], weight: weight < 0 ? '1' : row[weight] })),
    );
  }
  return records.map((row) => ({
    id: name(row[id]),
    features: distinct(row.flatMap((cell, at) => (at === id || cell === '' ? [] : [name(`${titles[at]}:${cell}`)]))),
  }));
}

function listedUser(id: string, features: string, weights: string): User {
  return userOf({
    id,
    features: listIn(features),
    weights:
      weights === '' ? undefined : listIn(weights).map((entry) => (typeof entry === 'string' ? number(entry) : entry)),
  });
}

function listIn(cell: string): unknown[] {
  if (cell === '') return [];
  if (cell.startsWith('[')) {
    const list: unknown = refusing(() => JSON.parse(cell));
    demand(Array.isArray(list));
    return list;
  }
  const separator = ['|', ';', ','].find((each) => cell.includes(each));
  if (separator !== undefined) return cell.split(separator).map((entry) => entry.trim());
  // Two that have a colon with a space between them look like two features.
  const words = cell.split(/\s/);
  demand(!words.some((word, at) => at > 0 && word.includes(':', 1) && words.slice(0, at).join(' ').includes(':')));
  return [cell.trim()];
}

function pairedUsers(rows: readonly { id: string; feature: string; weight: string }[]): User[] {
  const users: User[] = [];
  for (const { id, feature, weight } of rows) {
    const last = users.at(-1);
    const [features, weights] = last?.id === id ? [last.features, last.weights ?? []] : [[], []];
    demand(last?.id === id || users.every((user) => user.id !== id));
    const user = {
      id,
      features: distinct([...features, name(feature)]),
      weights: [...weights, inRange(number(weight))],
    };
    users.splice(last?.id === id ? -1 : users.length, 1, user);
  }
  return users;
}

function userOf({ id, features, weights }: Record<string, unknown>): User {
  demand(Array.isArray(features));
  const user = { id: name(id), features: distinct(features.map(name)) };
  if (weights === undefined) return user;
  demand(Array.isArray(weights) && weights.length === features.length);
  return { ...user, weights: weights.map(inRange) };
}

function name(value: unknown): string {
  demand(typeof value === 'string' && value !== '' && value.length <= 1_024 && value.isWellFormed());
  return value;
}

function distinct(features: string[]): string[] {
  demand(new Set(features).size === features.length && features.length <= 10_000);
  return features;
}

function number(text: string): number {
  demand(text.trim() !== '' && !Number.isNaN(Number(text)));
  return Number(text);
}

function inRange(weight: unknown): number {
  demand(typeof weight === 'number' && weight >= 0 && weight <= 1e15);
  return weight;
}
