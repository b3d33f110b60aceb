/** What tests read off a training. */
import type { TrainingFigures } from '#application/training.ts';

/** The AUC on held-out items of the best that was tried: it is what must be kept. */
export function bestOf({ stored, learned }: TrainingFigures): number {
  const aucs = [stored, ...(learned ? [learned] : [])].flatMap(({ untrained, epochs }) => [
    untrained,
    ...epochs.map(({ auc }) => auc),
  ]);
  return Math.max(...aucs);
}
