/**
 * What a layer with the index is worth: the same expansion in a function that carries the index, and in one that reads it
 * from S3, each in a new process and in a warm one, in the synthesized stack on this machine.
 *
 *   npm run bench:pinned [-- --datasets DIR] [--write]
 *
 * S3 here is a folder behind a local socket, which is nearer than AWS's. `--write` puts the table into docs/stack.md. Time is
 * never judged; the exit code is 1 where an audience is another one, or came another way than it should.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { LocalSite } from '../journeys/local-site.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/stack.md', import.meta.url));
const ROUNDS = 3;
const WARM = 3;
const OPTIONS = { size: 1_000, ranker: 'similarity', space: 'embedding', evidence: 'none', candidates: 'all' };
const MiB = 2 ** 20;

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const failures: string[] = [];
const rows: string[][] = [];
for (const set of dataSetsIn(flags.datasets)) rows.push(...(await rowsOf(set)));
const table = markdownTable(
  ['set', 'index', 'cold: start ms', 'cold: first expansion ms', 'of it S3 MiB', 'warm ms', 'warm: S3 MiB'],
  rows,
);
console.log(`${table}\n\n${failures.join('\n')}`);
if (flags.write) {
  const command = `npm run bench:pinned${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
  writeSection(
    PAGE,
    'pinned',
    `${provenance(command)} Medians of ${ROUNDS} new processes, and of ${WARM} more expansions in each.\n\n${table}`,
  );
}
process.exitCode = failures.length > 0 ? 1 : 0;

interface Run {
  readonly isCold: boolean;
  readonly initMs: number;
  readonly durationMs: number;
  readonly bytes: number;
}

async function rowsOf({ name, users, campaigns }: DataSet): Promise<string[][]> {
  const site = await LocalSite.open({ AKIN_QUIET_SECONDS: '1' }, ['pinned=carried']);
  try {
    const [campaign] = await readCampaigns(await openInput(campaigns));
    for (const population of ['carried', 'streamed'])
      await site.upload(`${population}/b1`, { 'users.ndjson.gz': readFileSync(users) });
    await site.stack.idle();
    const [carried, streamed]: [Run[], Run[]] = [[], []];
    // Beforehand, because they wake the functions as seeds do.
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n <= WARM; n++) {
        for (const population of ['carried', 'streamed'])
          await site.put(`seeds/${population}/${campaignName(round, n)}.json`, JSON.stringify(OPTIONS));
      }
    }
    await site.stack.idle();
    for (let round = 0; round < ROUNDS; round++) {
      await site.restart(); // every process is a new one
      await site.stack.idle();
      for (let n = 0; n <= WARM; n++) {
        const each = campaignName(round, n);
        carried.push(await expand(site, 'carried', each, campaign.seeds, ['layer']));
        streamed.push(
          await expand(site, 'streamed', each, campaign.seeds, n === 0 ? ['storage'] : ['cache', 'storage']),
        );
        const lists = await Promise.all(
          ['carried', 'streamed'].map(async (population) =>
            site.get((await site.json(`audiences/${population}/${each}.json`)).audience),
          ),
        );
        if (lists[0] === undefined || lists[0] !== lists[1]) failures.push(`${name}: two audiences of ${each}`);
      }
    }
    return [
      [name, 'in a layer', ...cellsOf(carried)],
      [name, 'from S3', ...cellsOf(streamed)],
    ];
  } finally {
    await site.close();
  }
}

function campaignName(round: number, n: number): string {
  return `r${round}-${n}`;
}

async function expand(
  site: LocalSite,
  population: string,
  campaign: string,
  seeds: readonly string[],
  ways: readonly string[],
): Promise<Run> {
  site.stack.meter.reset();
  await site.put(`seeds/${population}/${campaign}.csv`, seeds.join('\n'));
  await site.stack.idle();
  const { state, index } = await site.json(`audiences/${population}/${campaign}.json`);
  if (state !== 'ready' || !ways.includes(index?.from))
    failures.push(
      `${population}/${campaign}: expected ready from ${ways.join(' or ')}, got ${state} from ${index?.from}`,
    );
  const all = [...site.stack.meter.timings].flatMap(([id, list]) => (/expanddrop/i.test(id) ? list : []));
  const longest = all.toSorted((left, right) => right.durationMs - left.durationMs)[0];
  if (!longest) throw new Error('expected an expansion, got none');
  return { ...longest, bytes: site.stack.meter.usage().s3BytesOut };
}

function cellsOf(runs: readonly Run[]): string[] {
  const [cold, warm] = [runs.filter(({ isCold }) => isCold), runs.filter(({ isCold }) => !isCold)];
  return [
    medianOf(cold.map(({ initMs }) => initMs)),
    medianOf(cold.map(({ durationMs }) => durationMs)),
    medianOf(
      cold.map(({ bytes }) => bytes / MiB),
      1,
    ),
    medianOf(warm.map(({ durationMs }) => durationMs)),
    medianOf(
      warm.map(({ bytes }) => bytes / MiB),
      1,
    ),
  ];
}

function medianOf(values: readonly number[], digits = 0): string {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted.length === 0 ? '' : sorted[Math.floor(sorted.length / 2)].toFixed(digits);
}
