/**
 * One expansion of an open population, the second in its process: what a function that has read its files takes. Told as JSON.
 *
 *   node test/bench/warm-expand.ts DATA POPULATION SEEDS SIZE RANKER OUT
 */
import { writeFileSync } from 'node:fs';
import { audienceCsv } from '#application/audience-files.ts';
import { expandAudience } from '#application/expand-audience.ts';
import { openPopulation } from '#application/population.ts';
import { rankingOptionsOf } from '#application/ranking-options.ts';
import { idsOf } from '#infra/cli/input.ts';
import { localPorts, localSettings } from '#infra/cli/local-ports.ts';

const [data, name, seedFile, size, ranker, out] = process.argv.slice(2);
const ports = localPorts(data);
const population = await openPopulation(ports, name, () => {});
const seeds = await idsOf(seedFile);
const ranking = rankingOptionsOf({ ranker, drop: [], binary: false, seed: 1 });

async function expand(): Promise<readonly (readonly [string, number])[]> {
  const starts: [string, number][] = [];
  const watch = (stage: string) => {
    if (starts.at(-1)?.[0] !== stage) starts.push([stage, performance.now()]);
  };
  const request = { ...ranking, seeds, exclude: [], size, candidates: 'all' as const, evidence: 'none' as const };
  const { members } = await expandAudience(ports, localSettings(), population, request, watch);
  writeFileSync(out, [...audienceCsv(members)].join(''));
  const ends = [...starts.slice(1).map(([, start]) => start), performance.now()];
  return starts.map(([stage, start], s) => [stage, (ends[s] - start) / 1000] as const);
}

await expand();
const start = performance.now();
const stages = await expand();
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, stages }));
