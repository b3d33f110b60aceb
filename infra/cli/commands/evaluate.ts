import { AtomicFile } from '#adapters/atomic-file.ts';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { ALL_RANKERS, type Comparison, compareRankers } from '#application/compare-rankers.ts';
import { Invalid } from '#application/errors.ts';
import { type Campaign, type Evaluation, evaluateRankers, type MeanQuality } from '#application/evaluate-rankers.ts';
import { openPopulation, type Population } from '#application/population.ts';
import { type RankingFlags, rankerTitle, rankingOptionsOf } from '#application/ranking-options.ts';
import type { CampaignTraining } from '#application/train-for-campaigns.ts';
import type { TrainingOptions } from '#application/training.ts';
import type { RankedUser } from '#domain/ranking/rank-users.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { rankingCommand, wholeNumber } from '../ranking-command.ts';
import { counted, Terminal } from '../terminal.ts';
import {
  bestAuc,
  CLUSTERS_HELP,
  GLOBAL_SHARE_HELP,
  keptSentence,
  mergeOption,
  pointsOption,
  trainingOptionsOf,
} from '../training.ts';

/** akin evaluate: how well a ranker finds the hidden half of known campaigns. */
export function evaluateCommand() {
  return rankingCommand('evaluate')
    .requiredOption('--population <name>', 'the population')
    .requiredOption('--campaigns <file>', 'NDJSON: campaign, tier, drop, seeds, positives, ignore')
    .option('--rankings <file>', 'write every campaign’s whole ranking, to be scored by a program of your own')
    .option('--train', 'attention: train the scorer for each list of dropped features first', false)
    .addOption(pointsOption())
    .addOption(mergeOption())
    .option('--clusters <n>', `with --train: ${CLUSTERS_HELP}`, wholeNumber)
    .option('--global-share <share>', `with --train: ${GLOBAL_SHARE_HELP}`, Number)
    .addHelpText(
      'after',
      `
--ranker all measures every ranker, and marks what beats auto.
AUC counts ties half; precision and lift are at K = the number of positives; recall is in the first tenth.

Example:
  akin evaluate --population shop --campaigns campaigns.ndjson --ranker similarity --rankings rankings.ndjson`,
    )
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, flags.json);
      const campaigns = await readCampaigns(await openInput(flags.campaigns));
      const population = await openPopulation(localPorts(flags.data), flags.population, terminal.watch);
      if (flags.ranker === ALL_RANKERS) return compareAll(terminal, flags, population, campaigns);
      const evaluation = await writing(flags.rankings, (file) =>
        evaluateRankers(
          localSettings(),
          population,
          rankingOptionsOf(flags),
          campaigns,
          file && ((campaign, ranking) => file.write(rankingLine(campaign, ranking))),
          terminal.watch,
          trainingOf(flags),
        ),
      );
      terminal.finishStage();
      for (const warning of evaluation.warnings) terminal.warn(warning);
      if (flags.json) terminal.json(evaluation);
      else showEvaluation(terminal, evaluation);
    });
}

function trainingOf({ train, seed, points, merge, clusters, globalShare }: Flags): TrainingOptions | undefined {
  return train ? trainingOptionsOf({ seed, points, merge, clusters, globalShare }) : undefined;
}

/** Runs with the file open, if one is wanted; it is there in the end only if all went well. */
async function writing<T>(path: string | undefined, run: (file: AtomicFile | undefined) => Promise<T>): Promise<T> {
  if (path === undefined) return run(undefined);
  const file = new AtomicFile(path);
  try {
    const result = await run(file);
    file.commit();
    return result;
  } catch (error) {
    file.close();
    throw error;
  }
}

function rankingLine(campaign: string, ranking: readonly RankedUser[]): string {
  return `${JSON.stringify({ campaign, ranking: ranking.map(({ id, score }) => [id, score]) })}\n`;
}

interface Flags extends RankingFlags {
  readonly train: boolean;
  readonly points: TrainingOptions['points'];
  readonly merge: TrainingOptions['merge'];
  readonly clusters?: number | undefined;
  readonly globalShare?: number | undefined;
  readonly rankings?: string | undefined;
  readonly json: boolean;
}

async function compareAll(
  terminal: Terminal,
  flags: Flags,
  population: Population,
  campaigns: readonly Campaign[],
): Promise<void> {
  if (flags.rankings !== undefined) throw new Invalid('expected one ranker whose rankings to write, got all of them');
  if (flags.train) throw new Invalid('expected the ranker attention with --train, got all of them');
  const clock = () => performance.now();
  const options = rankingOptionsOf(flags);
  const comparison = await compareRankers(localSettings(), population, options, campaigns, clock, terminal.watch);
  terminal.finishStage();
  for (const warning of comparison.warnings) terminal.warn(warning);
  if (flags.json) return terminal.json(comparison);
  showComparison(terminal, comparison);
}

/** AUC / precision@K / recall@10% by ranker and tier. */
function showComparison(terminal: Terminal, { population, campaigns, rankers }: Comparison): void {
  const tiers = rankers[0].means.map(({ tier }) => tier);
  terminal.title(`${population}: all rankers on ${counted(campaigns, 'campaign')}, AUC / precision@K / recall@10%`);
  terminal.table(
    ['ranker', ...tiers, 's a campaign', 'beats auto in'],
    rankers.map(({ title, means, seconds, beatsAuto }) => [
      title,
      ...means.map(({ auc, precision, recall }) =>
        [auc, precision, recall].map((figure) => figure.toFixed(3).replace(/^0/, '')).join('/'),
      ),
      Number(seconds.toFixed(2)),
      beatsAuto.join(', '),
    ]),
  );
}

function showEvaluation(terminal: Terminal, { population, ranker, means, training, untrained }: Evaluation): void {
  terminal.title(`${population}: ${rankerTitle(ranker)}`);
  showMeans(terminal, means);
  if (untrained) {
    terminal.title('untrained, on the same points');
    showMeans(terminal, untrained);
  }
  if (training) showTraining(terminal, training);
}

function showMeans(terminal: Terminal, means: readonly MeanQuality[]): void {
  terminal.table(
    ['tier', 'campaigns', 'AUC', 'precision@K', 'recall@10%', 'lift@K'],
    means.map(({ tier, campaigns, auc, precision, recall, lift }) => [
      tier,
      campaigns,
      ...[auc, precision, recall].map((value) => Number(value.toFixed(4))),
      Number(lift.toFixed(2)),
    ]),
  );
}

/** How well items were found that nothing was learned from. */
function showTraining(terminal: Terminal, training: readonly CampaignTraining[]): void {
  terminal.title('training: AUC on items never learned from');
  terminal.table(
    ['campaigns', 'dropped', 'learned', 'held out', 'untrained', 'whitened', 'trained', 'on learned points', 'kept'],
    training.map(({ campaigns, dropped, figures }) => [
      campaigns,
      dropped,
      figures.campaigns,
      figures.heldOut,
      ...[figures.untrained, figures.stored.epochs[0].auc, bestAuc(figures.stored)].map((auc) => auc.toFixed(4)),
      figures.learned ? bestAuc(figures.learned).toFixed(4) : '',
      keptSentence(figures),
    ]),
  );
}
