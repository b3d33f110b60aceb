/** Whether a ranker tells people like the seeds from others at all, in plain words. */
import type { Estimate } from './intervals.ts';

export interface Verdict {
  readonly go: boolean;
  /** One sentence. */
  readonly reason: string;
}

/** What a random order has. */
const CHANCE = 0.5;

/** By the interval of AUC. An order that is surely worse than random is no better for being sure. */
export function verdictOf(auc: Estimate): Verdict {
  const figures = `AUC ${shown(auc.value)}, between ${shown(auc.low)} and ${shown(auc.high)}, where a random order has 0.5`;
  if (auc.low > CHANCE) return { go: true, reason: `go: seeds that were held out rank above other users (${figures})` };
  if (auc.high < CHANCE)
    return { go: false, reason: `no-go: seeds that were held out rank below other users (${figures})` };
  return {
    go: false,
    reason: `no-go: held-out seeds rank no higher than chance might have put them (${figures})`,
  };
}

function shown(auc: number): string {
  return auc.toFixed(3);
}
