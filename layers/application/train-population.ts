/** Trains the attention scorer of a population as it stands: a new generation with the same users and what was learned of them. */
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { mergeInto } from './ingest-users.ts';
import { manifestOf, openGeneration, type PopulationSummary, summaryOf } from './population.ts';
import type { Ports, Watch } from './ports.ts';
import { publishGeneration } from './publish-generation.ts';
import type { Settings } from './settings.ts';
import type { ScorerCard, Training } from './train-scorer.ts';

export interface TrainingReport extends PopulationSummary {
  readonly training: ScorerCard;
}

export async function trainPopulation(
  ports: Ports,
  settings: Settings,
  name: string,
  training: Omit<Training, 'isOptional'>,
  watch: Watch,
): Promise<TrainingReport> {
  const current = await manifestOf(ports, name);
  const builder = new ShardBuilder();
  mergeInto(builder, (await openGeneration(ports, current, watch)).shards, 'upsert');
  const shards = builder.build(settings.maxShardUsers);
  const hasGraph = current.shards.some(({ index }) => index?.neighbors);
  const planned = {
    population: name,
    generation: current.generation + 1,
    cut: builder.cutFor(settings.maxShardUsers),
    graph: hasGraph ? ('always' as const) : ('never' as const),
    training: { ...training, isOptional: false },
  };
  const { manifest, card } = await publishGeneration(ports, settings, planned, shards, watch);
  if (!card) throw new Error('expected a card of the training, got none');
  return { ...summaryOf(manifest), training: card };
}
