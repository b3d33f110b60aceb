/**
 * How fast files of users are read, beside what reading them costs at least and beside the usual ways of Node and Python.
 *
 *   npm run bench:reading [-- --users FILE.ndjson.gz] [--rounds N] [--write]
 *
 * Without a file 100,000 users are made up: of 40,000 features, in 20 groups, few are common and most are rare. Each is read as NDJSON and as
 * CSV with the features in one cell. The contenders take turns, and the fastest round of each counts, because what else runs
 * on a machine only slows. MB/s are of the text, unpacked. `--write` puts the table into docs/benchmarks.md. Time is never
 * judged.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse';
import * as z from 'zod';
import { openInput } from '#adapters/formats/input-file.ts';
import { readUsers } from '#adapters/formats/user-file.ts';
import { type User, userAt } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { seededRandom } from '#domain/random.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const PEER = fileURLToPath(new URL('reading.py', import.meta.url));
const UNPACKED_BYTES = 2 ** 20;
const [USERS, GROUPS, NAMES] = [100_000, 20, 2_000];
/** No more users than a shard may have. */
const MOST_USERS = 250_000;

/** How much of a file was read. */
interface Reading {
  readonly seconds: number;
  /** Features of users. */
  readonly entries?: number;
}

interface Contender {
  readonly name: string;
  /** Undefined where this machine cannot. */
  readonly read: (path: string) => Promise<Reading | undefined>;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'gunzip alone', read: (path) => timed(() => unpack(path)) },
  { name: 'akin, to columns', read: (path) => timed(async () => (await collected(path)).entries) },
  { name: 'akin, to shards', read: (path) => timed(() => toShards(path)) },
  { name: 'Node: JSON.parse a line, or csv-parse, and a Map', read: (path) => timed(() => byObjects(path)) },
  { name: 'Python: json or csv, and a dict', read: async (path) => byPython(path) },
];

const { values: flags } = parseArgs({
  options: { users: { type: 'string' }, rounds: { type: 'string', default: '5' }, write: { type: 'boolean' } },
});
const roundCount = Number(flags.rounds);
if (!(Number.isInteger(roundCount) && roundCount > 0)) {
  throw new Error(`expected a number of rounds, got ${flags.rounds}`);
}

const folder = mkdtempSync(join(tmpdir(), 'akin-reading-'));
try {
  const { files, userCount, entries } = await prepared();
  const fastest = files.map(() => CONTENDERS.map(() => Number.POSITIVE_INFINITY));
  for (let round = 0; round < roundCount; round++) await takeTurns(files, entries, fastest);
  const table = tableOf(files, fastest);
  const what = `${userCount} users, ${entries} features of theirs; ${files.map(sizeOf).join('; ')}.`;
  console.log(`${what}\n\n${table}`);
  if (flags.write) {
    const source = `${provenance('npm run bench:reading')} The fastest of ${roundCount} rounds. ${what}`;
    writeSection(PAGE, 'reading', `${source}\n\n${table}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The users are written and forgotten: they would be in the way of whoever collects garbage. */
async function prepared(): Promise<{ files: MeasuredFile[]; userCount: number; entries: number }> {
  const users = flags.users === undefined ? madeUpUsers() : await usersOf(flags.users);
  const files = [
    fileOf('NDJSON', 'users.ndjson.gz', users.map((user) => `${JSON.stringify(user)}\n`).join('')),
    fileOf('CSV', 'users.csv.gz', csvOf(users)),
  ];
  return { files, userCount: users.length, entries: users.reduce((sum, { features }) => sum + features.length, 0) };
}

interface MeasuredFile {
  readonly kind: string;
  readonly path: string;
  readonly bytes: number;
  readonly packedBytes: number;
}

function fileOf(kind: string, name: string, text: string): MeasuredFile {
  const [plain, path] = [Buffer.from(text), join(folder, name)];
  const packed = gzipSync(plain);
  writeFileSync(path, packed);
  return { kind, path, bytes: plain.length, packedBytes: packed.length };
}

function sizeOf({ kind, bytes, packedBytes }: MeasuredFile): string {
  return `${kind} ${(bytes / 1e6).toFixed(1)} MB, gzipped ${(packedBytes / 1e6).toFixed(1)} MB`;
}

async function takeTurns(files: readonly MeasuredFile[], entries: number, fastest: readonly number[][]): Promise<void> {
  for (const [f, { path }] of files.entries()) {
    for (const [c, { name, read }] of CONTENDERS.entries()) {
      const reading = await read(path);
      if (reading === undefined) continue;
      if ((reading.entries ?? entries) !== entries) {
        throw new Error(`${name}: expected ${entries} features of users, got ${reading.entries}`);
      }
      fastest[f][c] = Math.min(fastest[f][c], reading.seconds);
    }
  }
}

function tableOf(files: readonly MeasuredFile[], fastest: readonly number[][]): string {
  const columns = CONTENDERS.findIndex(({ name }) => name === 'akin, to columns');
  const rows = CONTENDERS.map(({ name }, c) => [
    name,
    ...files.flatMap(({ bytes }, f) => {
      if (fastest[f][c] === Number.POSITIVE_INFINITY) return ['', '', ''];
      const seconds = fastest[f][c];
      return [(bytes / 1e6 / seconds).toFixed(0), seconds.toFixed(2), (seconds / fastest[f][columns]).toFixed(2)];
    }),
  ]);
  const head = files.flatMap(({ kind }) => [`${kind}: MB/s`, 's', 'times akin, to columns']);
  return markdownTable(['', ...head], rows);
}

async function timed(work: () => Promise<number | undefined>): Promise<Reading> {
  const start = performance.now();
  const entries = await work();
  return { seconds: (performance.now() - start) / 1000, ...(entries !== undefined && { entries }) };
}

function unpacked(path: string) {
  return createReadStream(path, { highWaterMark: 2 ** 18 }).pipe(createGunzip({ chunkSize: UNPACKED_BYTES }));
}

async function unpack(path: string): Promise<undefined> {
  for await (const chunk of unpacked(path)) if (chunk.length === 0) break;
}

async function collected(path: string): Promise<{ builder: ShardBuilder; entries: number }> {
  const builder = new ShardBuilder();
  let entries = 0;
  for await (const rows of readUsers(await openInput(path))) {
    builder.addRows(rows);
    entries += rows.rows.columns.length;
  }
  return { builder, entries };
}

async function toShards(path: string): Promise<number> {
  const shards = (await collected(path)).builder.build(MOST_USERS);
  return shards.reduce((sum, { rows }) => sum + rows.columns.length, 0);
}

async function byObjects(path: string): Promise<number> {
  const ids: string[] = [];
  const numbers = new Map<string, number>();
  let columns = new Uint32Array(2 ** 16);
  let end = 0;
  const rows = path.includes('.csv') ? recordsOf(path) : linesOf(path);
  for await (const { id, features } of rows) {
    ids.push(id);
    if (end + features.length > columns.length) {
      const grown = new Uint32Array(2 * columns.length + features.length);
      grown.set(columns);
      columns = grown;
    }
    for (const feature of features) {
      const number = numbers.get(feature) ?? numbers.size;
      numbers.set(feature, number);
      columns[end++] = number;
    }
  }
  return end;
}

async function* linesOf(path: string): AsyncGenerator<User> {
  for await (const line of createInterface({ input: unpacked(path) })) yield JSON.parse(line);
}

async function* recordsOf(path: string): AsyncGenerator<User> {
  for await (const [id, features] of unpacked(path).pipe(parse({ from: 2 })))
    yield { id, features: features.split('|') };
}

/** Undefined where there is no Python. */
function byPython(path: string): Reading | undefined {
  const { status, stdout } = spawnSync('python3', [PEER, path], { encoding: 'utf8' });
  return status === 0 ? z.object({ seconds: z.number(), entries: z.int() }).parse(JSON.parse(stdout)) : undefined;
}

function csvOf(users: readonly User[]): string {
  const rows = users.map(({ id, features }) => `${id},${quoted(features.join('|'))}\n`);
  return `id,features\n${rows.join('')}`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Without weights, and without those who have no features: the contenders' readers of CSV know neither. */
async function usersOf(path: string): Promise<User[]> {
  const users: User[] = [];
  for await (const rows of readUsers(await openInput(path))) {
    for (let row = 0; row < rows.ids.length; row++) {
      const { id, features } = userAt(rows, row);
      if (features.length > 0) users.push({ id, features });
    }
  }
  return users;
}

function madeUpUsers(): User[] {
  const random = seededRandom(1);
  return Array.from({ length: USERS }, (_, u) => {
    const features = new Set<string>();
    const count = 20 + Math.floor(50 * random());
    while (features.size < count) {
      const name = Math.floor(NAMES ** random()) - 1;
      features.add(`c${Math.floor(GROUPS * random() ** 2)}:${name}`);
    }
    return { id: `u${u}`, features: [...features] };
  });
}
