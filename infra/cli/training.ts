/** How a training is asked for on the command line, and what is shown of it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Option } from '@commander-js/extra-typings';
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import type { ScorerCard, Training } from '#application/train-scorer.ts';
import { type TrainingFigures, TrainingOptions, type TrainingProgress } from '#application/training.ts';
import { MERGES } from '#domain/embedding/field-merge.ts';
import type { Terminal } from './terminal.ts';

export function trainingOptionsOf(
  given: { readonly [Name in keyof TrainingOptions]?: TrainingOptions[Name] | undefined },
): TrainingOptions {
  const options = TrainingOptions.safeParse(given);
  if (options.success) return options.data;
  const [{ path, message }] = options.error.issues;
  const names = new Map<PropertyKey, string>([
    ['minutes', 'time'],
    ['globalShare', 'global-share'],
  ]);
  const name = names.get(path[0]) ?? String(path[0]);
  const value = Object.entries(given).find(([key]) => key === path[0])?.[1];
  throw new Invalid(`expected another --${name}, because ${message}, got ${shown(value)}`);
}

/** The flags of whatever trains, beside those of its own. */
export const CLUSTERS_HELP = 'into how many clusters the seeds of an audience are put';
export const GLOBAL_SHARE_HELP =
  'how much of a score is likeness to the seeds as a whole; the rest is to kinds of them';

/** Where people lie. */
export function pointsOption() {
  return new Option('--points <which>', 'where people lie: as the embedding has it, as is learned, or what is better')
    .choices(['chosen', 'stored', 'learned'] as const)
    .default('chosen' as const);
}

/** Of learned points. */
export function mergeOption() {
  return new Option('--merge <how>', 'learned points: how the fields of a person become one vector')
    .choices(MERGES)
    .default('attention' as const);
}

/** A training on this machine, that a person watches and may interrupt between epochs. */
export function watchedBy(terminal: Terminal): Pick<Training, 'clock' | 'watch'> {
  return {
    clock: () => performance.now(),
    async watch(progress) {
      showProgress(terminal, progress);
      await nextTurn();
    },
  };
}

function showProgress(terminal: Terminal, progress: TrainingProgress): void {
  const { stage, epoch, epochs, loss, auc, best, untrained, secondsLeft } = progress;
  terminal.watch(`train the ${stage}`, epoch, epochs);
  const told = [
    `epoch ${epoch} of ${epochs}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(auc === undefined ? [] : [`held-out AUC ${auc.toFixed(4)}`]),
    ...(best === undefined ? [] : [`best ${best.toFixed(4)}`]),
    ...(untrained === undefined ? [] : [`untrained ${untrained.toFixed(4)}`]),
    ...(epoch === 0 ? [] : [`at most ${Math.ceil(secondsLeft)} s left`]),
  ];
  terminal.note(told.join(', '));
}

/** What a trained scorer is worth. */
export function showCard(terminal: Terminal, { data, figures }: ScorerCard): void {
  const { campaigns, heldOut, untrained, stored, learned } = figures;
  terminal.title(`${keptSentence(figures)} was kept`);
  terminal.table(
    ['what', 'value'],
    [
      ['users learned from', `${data.sampled} of ${data.users}`],
      ['items learned from', String(campaigns)],
      ['items held out', String(heldOut)],
      ['AUC on held-out items, untrained', untrained.toFixed(4)],
      ['trained on stored points', curveSentence(stored)],
      ...(learned ? [['trained on learned points', curveSentence(learned)]] : []),
    ],
  );
  if (figures.unlearned !== undefined) terminal.print(`no learned points: ${figures.unlearned}`);
  if (learned && figures.points === 'stored')
    terminal.print('learned points are not taken: they are not clearly better, by enough groups of held-out items');
}

export function keptSentence({ points, stored, learned }: TrainingFigures): string {
  const kept = (points === 'learned' ? learned : stored)?.kept ?? -1;
  const scorer = kept < 0 ? 'the untrained scorer' : `epoch ${kept}`;
  return points === 'learned' ? `${scorer} on learned points` : scorer;
}

export function bestAuc({ epochs }: Curve): number {
  return Math.max(...epochs.map(({ auc }) => auc));
}

function curveSentence(curve: Curve): string {
  const { epochs, ended } = curve;
  const best = bestAuc(curve);
  const at = epochs.findIndex(({ auc }) => auc === best);
  return `${best.toFixed(4)} after epoch ${at}; ${epochs.length - 1} epochs, ended by: ${ended}`;
}

type Curve = TrainingFigures['stored'];
