/**
 * What the stack uses, as AWS would count it: capacity units, requests and bytes of an upload and of an expansion, and what
 * each function takes, cold and warm. Everything runs in the synthesized stack on this machine.
 *
 *   npm run bench:stack [-- --datasets DIR] [--write]
 *
 * Units, requests and bytes are the same in every run; times are this machine's, and DynamoDB and S3 here are not AWS's.
 * `--write` puts the tables into docs/benchmarks.md. The exit code is 1 where an upload or an expansion fails.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import type { ObjectStore } from '#application/ports.ts';
import { readJson } from '#application/stored-json.ts';
import { LocalStack } from '#infra/local/local-stack.ts';
import type { Timing, Usage } from '#infra/local/meter.ts';
import { synthesized } from '../infra/assembly.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const MiB = 2 ** 20;

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const folder = mkdtempSync(join(tmpdir(), 'akin-bench-stack-'));
const sets = dataSetsIn(flags.datasets);
const timings = new Map<string, Timing[]>();
const bundles = new Map<string, number>();
const failures: string[] = [];
try {
  // The same people twice: expanded in one function, then shard by shard, as a population of millions would be.
  const inOne = await withStack({}, async (site) => rowsOfAll(site, (set) => usageInOne(site, set)));
  const byShard = await withStack({ AKIN_EXPAND_USERS: '0' }, async (site) =>
    rowsOfAll(site, (set) => usageByShard(site, set)),
  );
  const rows = sets.flatMap((_, s) => [...inOne[s], ...byShard[s]]);
  const command = `npm run bench:stack${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
  const used = markdownTable(
    [
      'set',
      'what',
      'write units',
      'read units',
      'S3 writes and lists',
      'S3 reads',
      'MiB in',
      'MiB out',
      'seconds here',
    ],
    rows,
  );
  const functions = markdownTable(
    ['function', 'bundle KB', 'cold: start ms', 'cold: first event ms', 'warm ms', 'times', 'peak MiB'],
    functionRows(),
  );
  console.log(`${used}\n\n${functions}\n\n${failures.length === 0 ? 'Nothing failed.' : failures.join('\n')}`);
  if (flags.write) {
    writeSection(PAGE, 'stack', `${provenance(command)}\n\n${used}`);
    writeSection(PAGE, 'functions', `${provenance(command)} Medians.\n\n${functions}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures.length > 0 ? 1 : 0;

interface Site {
  readonly stack: LocalStack;
  readonly objects: ObjectStore;
}

/** Both stacks keep what they hold in one folder, so that the second finds the first one's populations. */
async function withStack<T>(
  environment: Readonly<Record<string, string>>,
  run: (site: Site) => Promise<T>,
): Promise<T> {
  const assembly = await synthesized({ AKIN_QUIET_SECONDS: '1', ...environment });
  const stack = await LocalStack.start({
    assembly,
    stack: 'akin',
    folder,
    concurrency: 2,
    retryAfterMs: 1_000,
    secondsPerSecond: 0.1,
    log: () => {},
  });
  const client = new S3Client({ region: 'us-east-1', endpoint: stack.url, credentials: stack.credentials });
  for (const { id, properties } of stack.template.ofType('AWS::Lambda::Function')) {
    bundles.set(id, statSync(join(stack.template.assetFolder(properties.Code), 'index.mjs')).size);
  }
  try {
    return await run({ stack, objects: s3ObjectStore(stack.bucket, async () => client) });
  } finally {
    await stack.stop();
    rmSync(assembly, { recursive: true, force: true });
  }
}

async function rowsOfAll(site: Site, usageOf: (set: DataSet) => Promise<string[][]>): Promise<string[][][]> {
  const rows: string[][][] = [];
  for (const set of sets) rows.push(await usageOf(set));
  await site.stack.idle();
  return rows;
}

async function usageInOne(site: Site, set: DataSet): Promise<string[][]> {
  const { objects } = site;
  const { name, users } = set;
  const upload = await measured(site, async () => {
    await objects.write(`populations/${name}/b1/users.ndjson.gz`, readFileSync(users));
    await objects.write(`populations/${name}/b1/_SUCCESS`, new Uint8Array(0));
  });
  await check(site, `populations/${name}/b1/_STATUS.json`, 'done');
  return [
    [name, 'upload', ...cellsOf(upload)],
    await expansionOf(site, set, 'all', 'expand, candidates all'),
    await expansionOf(site, set, 'both', 'expand, candidates both'),
  ];
}

async function usageByShard(site: Site, set: DataSet): Promise<string[][]> {
  return [await expansionOf(site, set, 'auto', 'expand, shard by shard')];
}

async function expansionOf(
  site: Site,
  { name, campaigns }: DataSet,
  candidates: string,
  what: string,
): Promise<string[]> {
  const { objects } = site;
  const [campaign] = await readCampaigns(await openInput(campaigns));
  const text = (content: string) => new TextEncoder().encode(content);
  const options = { size: 1_000, candidates, binary: true };
  await objects.write(`seeds/${name}/${candidates}.json`, text(JSON.stringify(options)));
  const usage = await measured(site, () =>
    objects.write(`seeds/${name}/${candidates}.csv`, text(campaign.seeds.join('\n'))),
  );
  await check(site, `audiences/${name}/${candidates}.json`, 'ready');
  return [name, what, ...cellsOf(usage)];
}

async function measured({ stack }: Site, begin: () => Promise<void>): Promise<Usage & { readonly seconds: number }> {
  await stack.idle();
  keepTimings(stack);
  stack.meter.reset();
  const start = performance.now();
  await begin();
  await stack.idle();
  const seconds = (performance.now() - start) / 1_000;
  keepTimings(stack);
  const usage = stack.meter.usage();
  stack.meter.reset();
  return { ...usage, seconds };
}

function keepTimings({ meter }: LocalStack): void {
  for (const [id, list] of meter.timings) timings.set(id, [...(timings.get(id) ?? []), ...list]);
}

function cellsOf({
  requests,
  writeUnits,
  readUnits,
  s3BytesIn,
  s3BytesOut,
  seconds,
}: Awaited<ReturnType<typeof measured>>): string[] {
  const of = (...actions: string[]) => actions.reduce((sum, action) => sum + (requests[action] ?? 0), 0);
  return [
    writeUnits.toFixed(0),
    readUnits.toFixed(0),
    String(of('s3:PutObject', 's3:ListBucket')),
    String(of('s3:GetObject')),
    (s3BytesIn / MiB).toFixed(1),
    (s3BytesOut / MiB).toFixed(1),
    seconds.toFixed(1),
  ];
}

function functionRows(): string[][] {
  return [...bundles].map(([id, bytes]) => {
    const all = timings.get(id) ?? [];
    const cold = all.filter(({ isCold }) => isCold);
    const warm = all.filter(({ isCold }) => !isCold);
    return [
      id.replace(/[0-9A-F]{8}$/, ''),
      (bytes / 1_000).toFixed(0),
      medianOf(cold.map(({ initMs }) => initMs)),
      medianOf(cold.map(({ durationMs }) => durationMs)),
      medianOf(warm.map(({ durationMs }) => durationMs)),
      String(all.length),
      all.length === 0 ? '' : Math.max(...all.map(({ maxMemoryMiB }) => maxMemoryMiB ?? 0)).toFixed(0),
    ];
  });
}

function medianOf(values: readonly number[]): string {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted.length === 0 ? '' : sorted[Math.floor(sorted.length / 2)].toFixed(0);
}

async function check({ objects }: Site, name: string, expected: string): Promise<void> {
  const { state } = await readJson(objects, name, z.object({ state: z.string() }));
  if (state !== expected) failures.push(`${name}: expected ${expected}, got ${state}`);
}
