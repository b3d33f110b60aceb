/** Places of held-out seeds, for tests: any at all, and samples of rankers whose true figures are known. */
import { fc } from '@fast-check/vitest';
import type { Random } from '#domain/random.ts';

/** Places among N candidates as they come: whole numbers of users, and halves in ties. */
export const placesAmong = (N: number, { maxLength = 40 } = {}) =>
  fc
    .array(fc.integer({ min: 0, max: 2 * N }), { minLength: 1, maxLength })
    .map((halves) => Float64Array.from(halves, (half) => half / (2 * N)));

/** How the places of people like the seeds are spread: a draw of one, the share of them in the best q, and their mean. */
export interface Kind {
  readonly kind: string;
  readonly draw: (random: Random) => number;
  readonly recall: (q: number) => number;
  readonly auc: number;
}

export const KINDS: readonly Kind[] = [
  { kind: 'random', draw: (random) => random(), recall: (q) => q, auc: 1 / 2 },
  { kind: 'weak', draw: (random) => random() ** (1 / 1.5), recall: (q) => 1 - (1 - q) ** 1.5, auc: 3 / 5 },
  { kind: 'good', draw: (random) => random() ** (1 / 4), recall: (q) => 1 - (1 - q) ** 4, auc: 4 / 5 },
  { kind: 'steep', draw: (random) => 1 - random() ** 4, recall: (q) => q ** (1 / 4), auc: 4 / 5 },
  {
    kind: 'of two halves',
    draw: (random) => (random() < 1 / 2 ? 1 - 0.03 * random() : random()),
    recall: (q) => Math.min(1, q / 0.03) / 2 + q / 2,
    auc: 0.985 / 2 + 1 / 4,
  },
  { kind: 'excellent', draw: (random) => 1 - random() ** 10, recall: (q) => q ** (1 / 10), auc: 10 / 11 },
];

export function sampleOf({ draw }: Kind, S: number, random: Random): Float64Array {
  return Float64Array.from({ length: S }, () => draw(random));
}
