/**
 * How akin grows: ingest of ever more made-up users, and at the greatest number expansions of an open population.
 *
 * Time and memory are of a process each; of memory, what a started akin takes is left out.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { membersOf } from './hidden-people.ts';
import { markdownTable } from './markdown.ts';
import { measuredRun } from './measured-run.ts';
import { type SyntheticSet, syntheticSet } from './synthetic-users.ts';

const STEPS = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000];
const WARM = fileURLToPath(new URL('warm-expand.ts', import.meta.url));
const RANKERS = ['attention', 'similarity', 'information-value', 'logistic-regression', 'auto'];
const AUDIENCE_SIZE = 10_000;

const WarmAnswer = z.object({ seconds: z.number(), stages: z.array(z.tuple([z.string(), z.number()])) });
const IngestAnswer = z.object({ bytes: z.number(), indexBytes: z.number(), shards: z.number() });

/** Tables and a picture, in Markdown. */
export function growthUpTo(mostUsers: number): string {
  const counts = [...STEPS.filter((count) => count < mostUsers), mostUsers];
  const started = measuredRun(['--version']).peakMebibytes;
  const rows: string[][] = [];
  const times: number[] = [];
  let expansions = '';
  for (const count of counts) {
    const folder = mkdtempSync(join(tmpdir(), 'akin-growth-'));
    try {
      const set = syntheticSet(folder, count);
      const data = join(folder, 'data');
      const { seconds, peakMebibytes, output } = measuredRun(ingestOf(set, data));
      const { bytes, indexBytes, shards } = IngestAnswer.parse(JSON.parse(output));
      times.push((seconds * 1e6) / count);
      rows.push([
        String(count),
        seconds.toFixed(1),
        ((seconds * 1e6) / count).toFixed(1),
        peakMebibytes.toFixed(0),
        (((peakMebibytes - started) * 1024) / count).toFixed(2),
        String(shards),
        ((bytes + indexBytes) / count).toFixed(0),
      ]);
      if (count === mostUsers) expansions = expansionsOf(set, data, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const head = ['users', 'seconds', 'µs a user', 'peak MiB', 'KiB a user', 'shards', 'bytes a user kept'];
  return [
    markdownTable(head, rows),
    pictureOf(counts, times),
    `Expansions of the ${mostUsers}, warm: the second in a process that holds the population.`,
    expansions,
  ].join('\n\n');
}

function ingestOf({ users }: SyntheticSet, data: string): string[] {
  return ['ingest', users, '--population', 'grown', '--data', data, '--json'];
}

function pictureOf(counts: readonly number[], times: readonly number[]): string {
  return `\`\`\`mermaid
xychart-beta
  title "Ingest: microseconds a user"
  x-axis "users" [${counts.map((count) => `"${count.toLocaleString('en')}"`).join(', ')}]
  y-axis "µs" 0 --> ${Math.ceil(Math.max(...times) / 10) * 10}
  line [${times.map((time) => time.toFixed(1)).join(', ')}]
\`\`\``;
}

function expansionsOf({ seeds, hidden }: SyntheticSet, data: string, folder: string): string {
  const out = join(folder, 'audience.csv');
  const rows = RANKERS.map((ranker) => {
    const { output, peakMebibytes } = measuredRun([data, 'grown', seeds, String(AUDIENCE_SIZE), ranker, out], WARM);
    const { seconds, stages } = WarmAnswer.parse(JSON.parse(output));
    const hits = membersOf(readFileSync(out, 'utf8')).filter((id) => hidden.has(id)).length;
    const shares = stages
      .filter(([, time]) => time > 0.01 * seconds)
      .map(([name, time]) => `${name} ${time.toFixed(2)}`);
    return [
      ranker,
      seconds.toFixed(2),
      peakMebibytes.toFixed(0),
      `${hits} of ${hidden.size} hidden among ${AUDIENCE_SIZE}`,
      shares.join(', '),
    ];
  });
  return markdownTable(['ranker', 'seconds', 'peak MiB', 'quality', 'seconds of stages'], rows);
}
