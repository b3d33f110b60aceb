/** How a training is asked for on the command line, and what is shown of it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Invalid } from '#application/errors.ts';
import { shown } from '#application/shown.ts';
import { type ScorerCard, type Training, TrainingOptions, type TrainingProgress } from '#application/train-scorer.ts';
import type { Terminal } from './terminal.ts';

export function trainingOptionsOf(
  given: { readonly [Name in keyof TrainingOptions]?: TrainingOptions[Name] | undefined },
): TrainingOptions {
  const options = TrainingOptions.safeParse(given);
  if (options.success) return options.data;
  const [{ path, message }] = options.error.issues;
  const name = path[0] === 'minutes' ? 'time' : String(path[0]);
  const value = Object.entries(given).find(([key]) => key === path[0])?.[1];
  throw new Invalid(`expected another --${name}, because ${message}, got ${shown(value)}`);
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
  const { epoch, epochs, loss, auc, best, untrained, secondsLeft } = progress;
  terminal.watch('train the scorer', epoch, epochs);
  const told = [
    `epoch ${epoch} of ${epochs}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    `held-out AUC ${auc.toFixed(4)}, best ${best.toFixed(4)}, untrained ${untrained.toFixed(4)}`,
    ...(epoch === 0 ? [] : [`at most ${Math.ceil(secondsLeft)} s left`]),
  ];
  terminal.note(told.join(', '));
}

/** What a trained scorer is worth. */
export function showCard(terminal: Terminal, { data, figures, settings }: ScorerCard): void {
  const { campaigns, heldOut, untrained, epochs, kept, ended } = figures;
  const isKept = kept >= 0;
  terminal.title(
    isKept
      ? 'the attention scorer was trained'
      : 'the untrained attention scorer was kept: nothing that was learned finds held-out items better',
  );
  terminal.table(
    ['what', 'value'],
    [
      ['users learned from', `${data.sampled} of ${data.users}`],
      ['items learned from', String(campaigns)],
      ['items held out', String(heldOut)],
      ['AUC on held-out items, untrained', untrained.toFixed(4)],
      ['whitened only', epochs[0].auc.toFixed(4)],
      ['trained', isKept ? epochs[kept].auc.toFixed(4) : 'no better'],
      ['epochs', `${epochs.length - 1} of ${settings.epochs}, ended by ${ended}; kept: ${isKept ? kept : 'none'}`],
    ],
  );
}
