/**
 * Many at once: expansions and uploads asked for by the API of the stack on this machine, all at the same moment. Each must
 * come to what the same request came to alone.
 *
 *   npm run bench:load [-- --expansions 50 --uploads 20] [--write]
 *
 * `--write` puts the table into docs/reliability.md. The exit code is 1 where anything is lost or wrong.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { signedApi } from '#adapters/signed-api.ts';
import { LocalStack } from '#infra/local/local-stack.ts';
import { synthesized } from '../infra/assembly.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const DEMO = fileURLToPath(new URL('../../infra/cli/demo/', import.meta.url));
const PEOPLE = 10_000;
const PEOPLE_A_BATCH = 2_000;
const KINDS = 5;
const SEEDS = 200;
const POLL_MS = 500;

const { values: flags } = parseArgs({
  options: {
    expansions: { type: 'string', default: '50' },
    uploads: { type: 'string', default: '20' },
    write: { type: 'boolean' },
  },
});
const [expansions, uploads] = [Number(flags.expansions), Number(flags.uploads)];
const lines = gunzipSync(readFileSync(join(DEMO, 'users.ndjson.gz')))
  .toString()
  .split('\n', PEOPLE);
const ids = lines.map((line) => z.object({ id: z.string() }).parse(JSON.parse(line)).id);

const Answer = z.looseObject({
  id: z.string().default(''),
  state: z.string().default(''),
  users: z.number().optional(),
  audience: z.string().default(''),
});
const Opened = z.object({ files: z.array(z.object({ url: z.string() })) });

const assembly = await synthesized();
const folder = mkdtempSync(join(tmpdir(), 'akin-bench-load-'));
const stack = await LocalStack.start({
  assembly,
  stack: 'akin',
  folder,
  concurrency: 4,
  retryAfterMs: 1_000,
  secondsPerSecond: 0.1,
  log: () => {},
});
try {
  await uploaded('crowd', lines);
  const alone: string[] = [];
  for (let kind = 0; kind < KINDS; kind++) alone.push(await audienceOf((await asked(kind)).id));

  const start = performance.now();
  const sinceStart = () => (performance.now() - start) / 1_000;
  const [expanded, read] = await Promise.all([
    Promise.all(
      Array.from({ length: expansions }, async (_, n) => {
        const { id, seconds } = await asked(n % KINDS);
        const isRight = (await audienceOf(id)) === alone[n % KINDS];
        return { isRight, answered: seconds, done: sinceStart() };
      }),
    ),
    Promise.all(
      Array.from({ length: uploads }, async (_, n) => {
        const from = (n * PEOPLE_A_BATCH) % PEOPLE;
        const { users, seconds } = await uploaded(`group${n}`, lines.slice(from, from + PEOPLE_A_BATCH));
        return { isRight: users === PEOPLE_A_BATCH, answered: seconds, done: sinceStart() };
      }),
    ),
  ]);
  const table = markdownTable(
    ['asked for at once', 'right', 'lost or wrong', 'answered: median s', 'slowest s', 'all done s'],
    [rowOf('expansions', expanded), rowOf('uploads', read)],
  );
  console.log(table);
  if (flags.write) writeSection(PAGE, 'load', `${provenance('npm run bench:load')}\n\n${table}`);
  process.exitCode = [...expanded, ...read].every(({ isRight }) => isRight) ? 0 : 1;
} finally {
  await stack.stop();
  for (const each of [assembly, folder]) rmSync(each, { recursive: true, force: true });
}

interface Done {
  readonly isRight: boolean;
  readonly answered: number;
  readonly done: number;
}

function rowOf(what: string, all: readonly Done[]): string[] {
  const right = all.filter(({ isRight }) => isRight).length;
  const answered = all.map((each) => each.answered).toSorted((a, b) => a - b);
  const [median, slowest] = [answered[answered.length >> 1] ?? 0, answered.at(-1) ?? 0];
  const last = Math.max(0, ...all.map(({ done }) => done));
  return [
    `${all.length} ${what}`,
    String(right),
    String(all.length - right),
    median.toFixed(2),
    slowest.toFixed(2),
    last.toFixed(1),
  ];
}

async function call(method: string, path: string, body?: object) {
  return Answer.parse(await said(method, path, body));
}

/** What a call of the API is answered, at last where it is told to come again. */
async function said(method: string, path: string, body?: object): Promise<unknown> {
  return signedApi({ url: `${stack.url}/v1`, credentials: stack.credentials }).call(method, path, body);
}

/** One of a few requests that differ by their seeds; seconds until it was taken. */
async function asked(kind: number): Promise<{ readonly id: string; readonly seconds: number }> {
  const seeds = ids.filter((_, n) => n % KINDS === kind).slice(0, SEEDS);
  const start = performance.now();
  const { id } = await call('POST', '/populations/crowd/expansions', { seeds, size: 100, ranker: 'similarity' });
  return { id, seconds: (performance.now() - start) / 1_000 };
}

async function audienceOf(id: string): Promise<string> {
  await until(async () => (await call('GET', `/expansions/${id}`)).state);
  const { audience } = await call('GET', `/expansions/${id}/download`);
  return (await fetch(audience)).text();
}

async function uploaded(population: string, people: readonly string[]) {
  const start = performance.now();
  const path = `/populations/${population}/uploads`;
  const answer = await said('POST', path, { batch: 'b1', files: ['people.ndjson'] });
  const { files } = Opened.parse(answer);
  await fetch(files[0].url, { method: 'PUT', body: people.join('\n') });
  await call('PUT', `${path}/b1`, {});
  const seconds = (performance.now() - start) / 1_000;
  await until(async () => (await call('GET', `${path}/b1`)).state);
  return { users: (await call('GET', `${path}/b1`)).users, seconds };
}

async function until(stateNow: () => Promise<string>): Promise<void> {
  for (;;) {
    const state = await stateNow();
    if (state === 'ready' || state === 'done') return;
    if (state === 'failed') throw new Error('expected it to come out well, but it failed');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
