/**
 * What an index costs: the bytes of every file, the time to make each and the time to open it again.
 *
 *   npm run bench:index [-- --datasets DIR] [--write]
 *
 * One run each, one shard a set, settings as they come; `--write` puts the table into docs/benchmarks.md. Time is never
 * judged: compare only figures of one machine.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { memoryBucketStore } from '#adapters/memory-bucket-store.ts';
import { bandingFor, fitEmbedding, INDEX_SEED, signaturesOf, writeBandPages } from '#application/retrieval-index.ts';
import { settingsFrom } from '#application/settings.ts';
import { embedUsers } from '#domain/embedding/truncated-svd.ts';
import { prefixOf } from '#domain/retrieval/band-page.ts';
import { transientPopulation } from '#infra/cli/input.ts';
import { type DataSet, dataSetsIn } from './data-sets.ts';
import { markdownTable, provenance, writeSection } from './markdown.ts';

const PAGE = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
const HEAD = ['set', 'users', 'file', 'made in ms', 'opened in ms', 'bytes', 'bytes a user'];

const { values: flags } = parseArgs({ options: { datasets: { type: 'string' }, write: { type: 'boolean' } } });
const rows: string[][] = [];
for (const set of dataSetsIn(flags.datasets)) rows.push(...(await rowsOf(set)));
const table = markdownTable(HEAD, rows);
console.log(table);
const command = `npm run bench:index${flags.datasets === undefined ? '' : ' -- --datasets DIR'}`;
if (flags.write) writeSection(PAGE, 'index', `${provenance(command)}\n\n${table}`);

async function rowsOf(set: DataSet): Promise<string[][]> {
  const settings = settingsFrom({});
  const { population } = await transientPopulation([set.users], () => {});
  const [shard] = population.shards;
  const users = shard.ids.length;
  const row = (file: string, made: number, opened: number | undefined, bytes: number | undefined) => [
    set.name,
    String(users),
    file,
    made.toFixed(0),
    opened?.toFixed(0) ?? '',
    String(bytes ?? ''),
    bytes === undefined ? '' : (bytes / users).toFixed(0),
  ];

  const rowsFile = timed(() => arrowShardFormat.encode(shard));
  const rowsOpened = timed(() => arrowShardFormat.decode(rowsFile.value, set.name));
  const model = timed(() => fitEmbedding([shard], settings));
  const modelFile = timed(() => arrowIndexFormat.encodeModel(model.value));
  const modelOpened = timed(() => arrowIndexFormat.decodeModel(modelFile.value, set.name));
  const signatures = timed(() => signaturesOf(shard, settings.hashes));
  const embedding = timed(() => embedUsers(shard, model.value));
  const points = { ...embedding.value, signatures: signatures.value };
  const pointsFile = timed(() => arrowIndexFormat.encodePoints(shard.ids, points));
  const pointsOpened = timed(() => arrowIndexFormat.decodePoints(pointsFile.value, set.name));
  const buckets = memoryBucketStore();
  const banding = bandingFor(shard, settings);
  const start = performance.now();
  const pages = await writeBandPages(buckets, 'shard', shard, signatures.value, settings.hashes, banding);
  const pagesMade = performance.now() - start;
  const graphFile = timed(() => hnswlibNeighbors.build(points.vectors, points.dimensions, INDEX_SEED));
  const graphOpened = timed(() => hnswlibNeighbors.open(graphFile.value, points.dimensions));
  const bands = `band pages, ${banding.bands} × ${banding.rows}, ${1 + prefixOf(0xffffffff, pages.prefixBits)} a band`;
  return [
    row('rows', rowsFile.ms, rowsOpened.ms, rowsFile.value.length),
    row('embedding’s model', model.ms + modelFile.ms, modelOpened.ms, modelFile.value.length),
    row(
      'points and signatures',
      signatures.ms + embedding.ms + pointsFile.ms,
      pointsOpened.ms,
      pointsFile.value.length,
    ),
    row(bands, pagesMade, undefined, pages.pageBytes),
    row('HNSW graph', graphFile.ms, graphOpened.ms, graphFile.value.length),
  ];
}

function timed<T>(work: () => T): { readonly value: T; readonly ms: number } {
  const start = performance.now();
  const value = work();
  return { value, ms: performance.now() - start };
}
