/** Users in, a new generation of the population out: whole or not at all, whoever else ingests meanwhile. */
import type { Shard, UserRows } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { Invalid } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { checkPopulationName, openPopulation, summaryOf } from './population.ts';
import { emptyRowCount } from './population-contents.ts';
import { trainingOptionsOf } from './population-index.ts';
import type { Ports, Watch } from './ports.ts';
import { type GraphMode, publishGeneration } from './publish-generation.ts';
import type { Settings } from './settings.ts';
import type { ScorerCard, Training } from './train-scorer.ts';
import type { TrainingOptions } from './training.ts';

/** `upsert`: users of the same id are replaced, the others stay. `replace`: the new users are the population. */
export type IngestMode = 'upsert' | 'replace';

export interface IngestOptions {
  readonly mode: IngestMode;
  readonly graph: GraphMode;
  /** Never where it is absent; without options, as the generation before was trained. */
  readonly training?: Pick<Training, 'clock' | 'watch'> & {
    readonly when: TrainMode;
    readonly options?: TrainingOptions;
  };
}

/** Whether to train the attention scorer: `auto` does where the generation before has one. */
export const TRAIN_MODES = ['auto', 'always', 'never'] as const;
export type TrainMode = (typeof TRAIN_MODES)[number];

export function wantsTraining(when: TrainMode, current: Manifest | undefined): boolean {
  return when === 'always' || (when === 'auto' && current?.index?.scorer !== undefined);
}

export interface IngestReport {
  readonly population: string;
  readonly generation: number;
  readonly users: number;
  readonly features: number;
  readonly shards: number;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly added: number;
  readonly replaced: number;
  readonly removed: number;
  /** Users given more than once in these files; the later line counts. */
  readonly duplicates: number;
  readonly usersWithoutFeatures: number;
  /** Of the attention scorer, where it was trained. */
  readonly training?: ScorerCard | undefined;
}

export async function ingestUsers(
  ports: Ports,
  settings: Settings,
  population: string,
  { mode, graph, training }: IngestOptions,
  users: AsyncIterable<UserRows>,
  watch: Watch,
): Promise<IngestReport> {
  checkPopulationName(population);
  const current = await ports.catalog.manifest(population);
  const builder = new ShardBuilder();
  for await (const rows of users) builder.addRows(rows);
  if (builder.userCount === 0) throw new Invalid('expected at least one user, got none');
  const duplicates = builder.duplicateCount;
  const givenCount = builder.userCount;
  const old = current ? (await openPopulation(ports, population, watch)).shards : [];
  const replaced = mergeInto(builder, old, mode);
  const oldCount = old.reduce((sum, shard) => sum + rowCountOf(shard.rows), 0);
  watch('cut into shards', 0, 1);
  const cut = builder.cutFor(settings.maxShardUsers);
  const shards = builder.build(settings.maxShardUsers);
  const generation = (current?.generation ?? 0) + 1;
  const planned = { population, generation, graph, cut, training: await trainingFor(ports, training, current) };
  const { manifest, card } = await publishGeneration(ports, settings, planned, shards, watch);
  return {
    ...summaryOf(manifest),
    added: givenCount - replaced,
    replaced,
    removed: mode === 'replace' ? oldCount - replaced : 0,
    duplicates,
    usersWithoutFeatures: shards.reduce((sum, { rows }) => sum + emptyRowCount(rows), 0),
    ...(card && { training: card }),
  };
}

async function trainingFor(
  ports: Ports,
  training: IngestOptions['training'],
  current: Manifest | undefined,
): Promise<Training | undefined> {
  if (!training || !wantsTraining(training.when, current)) return undefined;
  const options = training.options ?? (await trainingOptionsOf(ports, current));
  return { ...training, options, isOptional: training.when === 'auto' };
}

/** Lets the old users stay where they may, and counts those who were given anew. */
export function mergeInto(builder: ShardBuilder, old: readonly Shard[], mode: IngestMode): number {
  let replaced = 0;
  for (const shard of old) {
    shard.ids.forEach((id, row) => {
      if (builder.has(id)) replaced++;
      else if (mode === 'upsert') builder.addRows(shard, row, row + 1);
    });
  }
  return replaced;
}
