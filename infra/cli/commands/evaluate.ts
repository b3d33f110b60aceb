import { AtomicFile } from '#adapters/atomic-file.ts';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { type Evaluation, evaluateRankers } from '#application/evaluate-rankers.ts';
import { openPopulation } from '#application/population.ts';
import { rankerTitle, rankingOptionsOf } from '#application/ranking-options.ts';
import type { RankedUser } from '#domain/ranking/rank-users.ts';
import { localPorts, localSettings } from '../local-ports.ts';
import { rankingCommand } from '../ranking-command.ts';
import { Terminal } from '../terminal.ts';

/** akin evaluate: how well a ranker finds the hidden half of known campaigns. */
export function evaluateCommand() {
  return rankingCommand('evaluate', 'measure a ranker on campaigns whose answer is known')
    .requiredOption('--population <name>', 'the population')
    .requiredOption('--campaigns <file>', 'NDJSON: campaign, tier, drop, seeds, positives, ignore')
    .option('--rankings <file>', 'write every campaign’s whole ranking, to be scored by a program of your own')
    .addHelpText(
      'after',
      `
AUC counts ties half; precision and lift are at K = the number of positives; recall is in the first tenth.

Example:
  akin evaluate --population shop --campaigns campaigns.ndjson --ranker similarity --rankings rankings.ndjson`,
    )
    .action(async (flags) => {
      const terminal = new Terminal(process.stdout, process.stderr, flags.json);
      const campaigns = await readCampaigns(await openInput(flags.campaigns));
      const population = await openPopulation(localPorts(flags.data), flags.population, terminal.watch);
      const evaluation = await writing(flags.rankings, (file) =>
        evaluateRankers(
          localSettings(),
          population,
          rankingOptionsOf(flags),
          campaigns,
          file && ((campaign, ranking) => file.write(rankingLine(campaign, ranking))),
          terminal.watch,
        ),
      );
      terminal.finishStage();
      for (const warning of evaluation.warnings) terminal.warn(warning);
      if (flags.json) terminal.json(evaluation);
      else showEvaluation(terminal, evaluation);
    });
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

function showEvaluation(terminal: Terminal, { population, ranker, means }: Evaluation): void {
  terminal.title(`${population}: ${rankerTitle(ranker)}`);
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
