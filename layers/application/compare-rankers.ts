/** All rankers on the same campaigns, side by side: what `--ranker all` measures. */
import type { RankerChoices } from '#domain/ranking/rankers.ts';
import { Invalid } from './errors.ts';
import { type Campaign, evaluateRankers, type MeanQuality } from './evaluate-rankers.ts';
import type { Population } from './population.ts';
import type { Watch } from './ports.ts';
import { chooseRanker, type RankingOptions, rankerTitle } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** Every ranker, with the choices that make it another one. */
const CONTENDERS: readonly { readonly ranker: string; readonly choices: Partial<RankerChoices> }[] = [
  { ranker: 'auto', choices: {} },
  { ranker: 'information-value', choices: {} },
  { ranker: 'information-value', choices: { filter: 'half' } },
  { ranker: 'similarity', choices: {} },
  { ranker: 'similarity', choices: { measure: 'jaccard' } },
  { ranker: 'similarity', choices: { aggregate: 'max' } },
  { ranker: 'similarity', choices: { aggregate: 'probabilistic' } },
  { ranker: 'similarity', choices: { space: 'embedding' } },
  { ranker: 'logistic-regression', choices: {} },
  { ranker: 'logistic-regression', choices: { scaling: 'unit' } },
  { ranker: 'logistic-regression', choices: { negatives: 'spy' } },
  { ranker: 'random-walk', choices: {} },
  { ranker: 'random-walk', choices: { rounds: 'one' } },
  { ranker: 'matrix-factorization', choices: {} },
  { ranker: 'matrix-factorization', choices: { factors: 'regression' } },
  { ranker: 'boosted-trees', choices: {} },
  { ranker: 'attention', choices: {} },
];

/** The name that stands for all of them. */
export const ALL_RANKERS = 'all';

export interface Contender {
  readonly title: string;
  /** By tier, the last over all campaigns. */
  readonly means: readonly MeanQuality[];
  /** Of one campaign, on average: prepared, fitted and everybody scored. */
  readonly seconds: number;
  /** What it is better at than `auto`, over all campaigns. */
  readonly beatsAuto: readonly ('AUC' | 'precision@K' | 'recall@10%')[];
}

export interface Comparison {
  readonly population: string;
  readonly generation: number;
  readonly campaigns: number;
  readonly rankers: readonly Contender[];
  readonly warnings: readonly string[];
}

/** `clock` gives milliseconds. */
export async function compareRankers(
  settings: Settings,
  population: Population,
  options: RankingOptions,
  campaigns: readonly Campaign[],
  clock: () => number,
  watch: Watch,
): Promise<Comparison> {
  if (Object.keys(options.choices).length > 0)
    throw new Invalid(
      `expected no options of a ranker with all of them, got ${Object.keys(options.choices).join(', ')}`,
    );
  const measured: Omit<Contender, 'beatsAuto'>[] = [];
  const warnings = new Set<string>();
  for (const { ranker, choices } of CONTENDERS) {
    const start = clock();
    const asked = { ...options, ranker, choices };
    const title = rankerTitle(chooseRanker(asked));
    const named: Watch = (_stage, done, total) => watch(title, done, total);
    const { means, warnings: told } = await evaluateRankers(settings, population, asked, campaigns, undefined, named);
    measured.push({ title, means, seconds: (clock() - start) / 1000 / campaigns.length });
    for (const warning of told) warnings.add(warning);
  }
  const [auto] = measured;
  return {
    population: population.name,
    generation: population.generation,
    campaigns: campaigns.length,
    rankers: measured.map((contender) => ({ ...contender, beatsAuto: betterThan(overall(auto), overall(contender)) })),
    warnings: [...warnings],
  };
}

export function overall({ means }: Pick<Contender, 'means'>): MeanQuality | undefined {
  return means.find(({ tier }) => tier === 'all');
}

function betterThan(auto: MeanQuality | undefined, other: MeanQuality | undefined): Contender['beatsAuto'] {
  if (!auto || !other) return [];
  return [
    ...(other.auc > auto.auc ? (['AUC'] as const) : []),
    ...(other.precision > auto.precision ? (['precision@K'] as const) : []),
    ...(other.recall > auto.recall ? (['recall@10%'] as const) : []),
  ];
}
