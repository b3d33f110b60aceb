/**
 * What a live audience costs: scoring 1,000 users in a warm process by stage, the same as a call of the stack on this machine,
 * and refreshes of few and many seeds.
 *
 *   npm run bench:live [-- --copies 16] [--write]
 *
 * People are those of the demo, and so many copies of them under other ids. `--write` puts the tables into
 * docs/live-audiences.md. Time is never judged; the exit code is 1 where a call is answered otherwise than it should be.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import { signedApi } from '#adapters/signed-api.ts';
import { ingestUsers } from '#application/ingest-users.ts';
import { addSeeds } from '#application/live/add-seeds.ts';
import { beginAudience, type LiveAudience, liveRecord } from '#application/live/live-audience.ts';
import { refreshByHand } from '#application/live/pending-refresh.ts';
import { idsByFile, readPlaced, rowOf } from '#application/live/placed-users.ts';
import { type LiveModel, rankerOf, refreshAudience } from '#application/live/refresh-audience.ts';
import { keptWithin, scoreUsers } from '#application/live/score-users.ts';
import { manifestOf } from '#application/population.ts';
import type { LivePorts } from '#application/ports.ts';
import { settingsFrom } from '#application/settings.ts';
import type { Shard, User } from '#domain/features/shard.ts';
import { seededRandom, shuffled } from '#domain/random.ts';
import { localLivePorts } from '#infra/cli/local-ports.ts';
import { LocalStack } from '#infra/local/local-stack.ts';
import { rowsOf } from '../domain/rows-of-users.ts';
import { synthesized } from '../infra/assembly.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/live-audiences.md', import.meta.url));
const USERS = fileURLToPath(new URL('../../infra/cli/demo/users.ndjson.gz', import.meta.url));
const SCORED = 1_000;
const CALLS = 50;
const SEEDS = 1_000;
/** What one call adds at most. */
const SEEDS_A_CALL = 10_000;

const { values: flags } = parseArgs({
  options: { copies: { type: 'string', default: '16' }, write: { type: 'boolean' } },
});
const copies = Number(flags.copies);
const settings = settingsFrom({});
const random = seededRandom(1);
const Person = z.object({ id: z.string(), features: z.array(z.string()) });
const people = gunzipSync(readFileSync(USERS))
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => Person.parse(JSON.parse(line)));
const folder = mkdtempSync(join(tmpdir(), 'akin-bench-live-'));
const failures: string[] = [];
try {
  const ports = localLivePorts(folder);
  await ingest(ports, 'demo', 1);
  await ingest(ports, 'copies', copies);
  const stages = [await stagesOf(ports, 'demo', 1), await stagesOf(ports, 'copies', copies)];
  const scores = markdownTable(
    ['users', 'shards', 'record and manifest ms', 'find ms', 'score ms', 'all ms', 'first call ms'],
    stages,
  );
  const refreshes = markdownTable(
    ['seeds', 'of them known', 'in objects', 'seconds', 'again, nothing new: seconds'],
    [await refreshOf(ports, 1_000, 1), await refreshOf(ports, 100_000, 10), await refreshOf(ports, 3_000_000, 300)],
  );
  const calls = markdownTable(['call', 'whole call ms', 'in the function ms', 'of it, DynamoDB ms'], await callsOf());
  console.log(`${scores}\n\n${calls}\n\n${refreshes}\n\n${failures.join('\n')}`);
  if (flags.write) {
    const command = 'npm run bench:live';
    writeSection(PAGE, 'scores', `${provenance(command)} Medians of ${CALLS} calls.\n\n${scores}`);
    writeSection(PAGE, 'calls', `${provenance(command)} Medians of ${CALLS} calls.\n\n${calls}`);
    writeSection(PAGE, 'refreshes', `${provenance(command)} One run each.\n\n${refreshes}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures.length > 0 ? 1 : 0;

function idOf(id: string, copy: number): string {
  return copy === 0 ? id : `${id}-${copy}`;
}

async function ingest(ports: LivePorts, population: string, count: number): Promise<void> {
  function* users(): Generator<User> {
    for (let copy = 0; copy < count; copy++) {
      for (const { id, features } of people) yield { id: idOf(id, copy), features };
    }
  }
  await ingestUsers(ports, settings, population, { mode: 'replace', graph: 'never' }, rowsOf(users()), () => {});
}

/** So many ids of users, by chance. */
function someIds(count: number, of: number): string[] {
  const places = Uint32Array.from({ length: people.length * of }, (_, n) => n);
  return Array.from(shuffled(places, random).subarray(0, count), (n) =>
    idOf(people[n % people.length].id, Math.floor(n / people.length)),
  );
}

async function refreshed(ports: LivePorts, at: LiveAudience, seeds: readonly string[]): Promise<number> {
  await beginAudience(ports, at);
  for (let start = 0; start < seeds.length; start += SEEDS_A_CALL) {
    await addSeeds(ports, settings, at, { seeds: seeds.slice(start, start + SEEDS_A_CALL) }, Date.now() + start);
  }
  return (await timed(async () => refreshNow(ports, at))).ms;
}

async function refreshNow(ports: LivePorts, at: LiveAudience): Promise<void> {
  await refreshAudience(ports, settings, await refreshByHand(ports, at, Date.now()), Date.now());
}

async function stagesOf(ports: LivePorts, population: string, of: number): Promise<string[]> {
  const at = { population, audience: 'spring' };
  await refreshed(ports, at, someIds(SEEDS, of));
  const { model, shards } = await opened(ports, at);
  const kept = keptWithin(2e9);
  const rounds = Array.from({ length: CALLS + 1 }, () => someIds(SCORED, of));
  const first = await timed(() => scoreUsers(ports, settings, kept, at, { users: rounds[0] }, Date.now()));
  const [state, find, score, all]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (const users of rounds.slice(1)) {
    state.push((await timed(() => Promise.all([liveRecord(ports, at), manifestOf(ports, population)]))).ms);
    const found = await timed(async () => placedOf(model, shards, users));
    find.push(found.ms);
    score.push((await timed(async () => scoredOf(model, found.value))).ms);
    all.push((await timed(() => scoreUsers(ports, settings, kept, at, { users }, Date.now()))).ms);
  }
  const count = String(people.length * of);
  return [count, String(shards.size), ...[state, find, score, all].map((each) => medianOf(each)), first.ms.toFixed(0)];
}

interface Found {
  readonly shard: Shard;
  readonly rows: Uint32Array;
}

async function opened(ports: LivePorts, at: LiveAudience) {
  const { refresh } = await liveRecord(ports, at);
  const bytes = await ports.objects.read(refresh?.model ?? '');
  if (!bytes) throw new Error('expected a model, found none');
  const model = ports.dataFormat.decode<LiveModel>(bytes);
  const shards = new Map<string, Shard>();
  for (const { points } of model.places.files) shards.set(points.name, await readPlaced(ports, points));
  return { model, shards };
}

function placedOf({ places }: LiveModel, shards: ReadonlyMap<string, Shard>, users: readonly string[]): Found[] {
  return idsByFile(places, users).flatMap(([{ name }, ids]) => {
    const shard = shards.get(name);
    return shard ? [{ shard, rows: Uint32Array.from(ids.flatMap((id) => rowOf(shard, id) ?? [])) }] : [];
  });
}

function scoredOf({ answeredBy, model }: LiveModel, found: readonly Found[]): number {
  return found.reduce((sum, { shard, rows }) => sum + rankerOf(answeredBy).score(model, shard, rows).length, 0);
}

async function refreshOf(ports: LivePorts, count: number, objects: number): Promise<string[]> {
  const at = { population: 'copies', audience: `of-${count}` };
  const known = someIds(Math.min(count, people.length * copies), copies);
  const seeds = [...known, ...Array.from({ length: count - known.length }, (_, n) => `stranger-${n}`)];
  const seconds = (await refreshed(ports, at, seeds)) / 1_000;
  const again = (await timed(() => refreshNow(ports, at))).ms / 1_000;
  const { refresh } = await liveRecord(ports, at);
  const told = [refresh?.known, (refresh?.known ?? 0) + (refresh?.unknown ?? 0)];
  if (told[0] !== known.length || told[1] !== count) failures.push(`${count} seeds: got ${JSON.stringify(refresh)}`);
  return [String(count), String(known.length), String(objects), seconds.toFixed(1), again.toFixed(1)];
}

/** Calls of the stack on this machine, of the people of the demo. */
async function callsOf(): Promise<string[][]> {
  const assembly = await synthesized({ AKIN_QUIET_SECONDS: '1', AKIN_REFRESH_SECONDS: '1' });
  const waits: number[] = [];
  let since = 0;
  const stack = await LocalStack.start({
    assembly,
    stack: 'akin',
    folder: join(folder, 'stack'),
    concurrency: 1,
    retryAfterMs: 1_000,
    secondsPerSecond: 0.1,
    log: () => {},
    observe(caller, { action }, moment) {
      if (!caller.startsWith('liveaudience') || action !== 'dynamodb:GetItem') return;
      if (moment === 'before') since ||= performance.now();
      else waits.push(performance.now() - since);
    },
  });
  try {
    const api = signedApi({ url: `${stack.url}/v1`, credentials: stack.credentials });
    await uploaded(api, stack);
    const path = '/populations/demo/audiences/spring';
    await api.call('PUT', path);
    await api.call('POST', `${path}/seeds`, { seeds: someIds(SEEDS, 1) });
    await stack.idle();
    const rows: string[][] = [];
    const one = async () => {
      stack.meter.reset();
      waits.length = 0;
      since = 0;
      const answer = await timed(() => api.call('POST', `${path}/scores`, { users: someIds(SCORED, 1) }));
      const { scores } = z.object({ scores: z.array(z.unknown()) }).parse(answer.value);
      if (scores.length !== SCORED) failures.push(`expected ${SCORED} scores, got ${scores.length}`);
      const timings = [...stack.meter.timings].flatMap(([id, list]) => (id.startsWith('liveaudience') ? list : []));
      return [answer.ms, timings[0]?.durationMs ?? 0, Math.max(0, ...waits)];
    };
    rows.push(['the first, which reads the points', ...(await one()).map((ms) => ms.toFixed(0))]);
    const warm: number[][] = [];
    for (let n = 0; n < CALLS; n++) warm.push(await one());
    rows.push([`${SCORED} users, warm`, ...[0, 1, 2].map((at) => medianOf(warm.map((each) => each[at])))]);
    return rows;
  } finally {
    await stack.stop();
    rmSync(assembly, { recursive: true, force: true });
  }
}

async function uploaded(api: ReturnType<typeof signedApi>, stack: LocalStack): Promise<void> {
  const uploads = '/populations/demo/uploads';
  const opened = await api.call('POST', uploads, { batch: 'b1', files: ['users.ndjson'] });
  const { files } = z.object({ files: z.array(z.object({ url: z.string() })) }).parse(opened);
  await api.send(files[0].url, people.map((user) => `${JSON.stringify(user)}\n`).join(''));
  await api.call('PUT', `${uploads}/b1`, {});
  await stack.idle();
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
}

function medianOf(values: readonly number[]): string {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)].toFixed(1);
}
