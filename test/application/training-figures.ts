/** What tests read off a training. */
import type { TrainingFigures } from '#application/training.ts';

/** The AUC on held-out items of the best that was tried on the points that were kept: it is what must be kept. */
export function bestOf({ points, stored, learned }: TrainingFigures): number {
  const { untrained, epochs } = points === 'learned' && learned ? learned : stored;
  return Math.max(untrained, ...epochs.map(({ auc }) => auc));
}
