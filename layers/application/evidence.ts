/**
 * What a ranking is worth, by seeds that were held out from it: in the report of every expansion, beside what anybody could
 * have had for less.
 */
import { aucWithInterval, type Estimate, liftOf, recallWithInterval } from '#domain/evaluation/intervals.ts';
import { type ReachPoint, reachCurve } from '#domain/evaluation/reach-curve.ts';
import { type Verdict, verdictOf } from '#domain/evaluation/verdict.ts';
import { seededRandom } from '#domain/random.ts';
import { byAuto, STACK, STACK_WITH_TREES } from '#domain/ranking/by-auto.ts';
import { byInformationValue } from '#domain/ranking/by-information-value.ts';
import { bySimilarity } from '#domain/ranking/by-similarity.ts';
import { dealFolds, heldOutPlaces, LEAST_HELD_OUT, triedFolds } from '#domain/ranking/folds.ts';
import type { Ranker, Trial, Trials } from '#domain/ranking/ranker.ts';
import { seedCountOf, type TrainingSet } from '#domain/ranking/training-set.ts';
import { Invalid } from './errors.ts';
import { hintOf } from './nearest-names.ts';

/** `short`: the ranker beside the yardsticks. `full`: beside all that `auto` chooses from, as well. */
export const EVIDENCE_LEVELS = ['short', 'full', 'none'] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];

export function checkEvidenceLevel(level: string): EvidenceLevel {
  const known = EVIDENCE_LEVELS.find((candidate) => candidate === level);
  if (known) return known;
  throw new Invalid(
    `expected evidence to be ${EVIDENCE_LEVELS.join(', ')}, got ${JSON.stringify(level)}${hintOf(level, EVIDENCE_LEVELS)}`,
  );
}

/** Where the held-out seeds of a ranking came, before anybody says how large the audience is to be. */
export interface HeldOut {
  /** (S), each in [0, 1]: the share of everybody else whom the seed ranks above. */
  readonly places: Float64Array;
  readonly beside: readonly Trial[];
  readonly tried: readonly Trial[];
  readonly winner: string;
  readonly skipped: readonly string[];
  readonly isWithoutUnlike: boolean;
  readonly others: number;
  readonly folds: number;
}

/** The ranker that is to be proved, and the trials it has made itself, if it makes any. */
interface Contender {
  readonly ranker: Ranker;
  readonly title: string;
  readonly own: Trials | undefined;
  /** People not to resemble count in the ranking, but not here. */
  readonly isWithoutUnlike: boolean;
}

export function holdOutSeeds(
  level: Exclude<EvidenceLevel, 'none'>,
  { ranker, title, own, isWithoutUnlike }: Contender,
  set: TrainingSet,
  seed: number,
): HeldOut | undefined {
  const seedCount = seedCountOf(set);
  const hasOthers = seedCount < set.isSeed.length;
  if ((ranker.trials && !own) || seedCount < LEAST_HELD_OUT || !hasOthers) return undefined;
  const fold = dealFolds(set, seed);
  const trialOf = (name: string, tried: Ranker): Trial => ({ name, places: heldOutPlaces(tried, set, fold) });
  const beside = [
    trialOf('mean cosine', bySimilarity('cosine', 'mean')),
    trialOf('information value', byInformationValue('positive')),
  ];
  const others = set.isSeed.length - seedCount;
  const folds = triedFolds(seedCount);
  if (own) {
    const { places, contenders, winner, skipped } = own;
    return { places, beside, tried: contenders, winner, skipped, isWithoutUnlike, others, folds };
  }
  const single = trialOf(title, ranker);
  const auto = level === 'full' ? trialsOfAuto(set, seed) : undefined;
  return {
    places: single.places,
    beside,
    tried: [single, ...(auto?.contenders ?? [])],
    winner: title,
    skipped: auto?.skipped ?? [],
    isWithoutUnlike,
    others,
    folds,
  };
}

function trialsOfAuto(set: TrainingSet, seed: number): Trials | undefined {
  const auto = byAuto(seed, Number.POSITIVE_INFINITY);
  return auto.trials?.(auto.fit([set]));
}

export interface ContenderEvidence {
  readonly name: string;
  readonly auc: number;
  readonly recall: number;
  readonly lift: number;
}

export interface Evidence {
  readonly heldOutSeeds: number;
  /** Among how many others each was ranked: everybody else, or a sample. */
  readonly others: number;
  readonly folds: number;
  /** At the audience's size, with 90 % intervals: of AUC for the ranking, of the others for as many further people. */
  readonly auc: Estimate;
  readonly recall: Estimate;
  readonly lift: Estimate;
  /** The share of the audience that is like the seeds: lift times the base rate, where one was given. */
  readonly precision?: Estimate | undefined;
  readonly verdict: Verdict;
  readonly beside: readonly ContenderEvidence[];
  readonly tried: readonly ContenderEvidence[];
  readonly winner: string;
  readonly why: string;
  readonly skipped: readonly string[];
  readonly curve: readonly ReachPoint[];
}

interface Audience {
  readonly size: number;
  readonly candidateCount: number;
  readonly baseRate?: number | undefined;
  readonly scoreAt: (rank: number) => number | undefined;
}

/** What was held out, at the size that was settled. */
export function evidenceOf(
  heldOut: HeldOut,
  { size, candidateCount, baseRate, scoreAt }: Audience,
  seed: number,
): Evidence {
  const { places, beside, tried, winner, skipped, others, folds } = heldOut;
  const share = size / candidateCount;
  const recall = recallWithInterval(places, share);
  const lift = liftOf(recall, share);
  const auc = aucWithInterval(places, seededRandom(seed));
  const shown = (trial: Trial) => contenderOf(trial, share);
  return {
    heldOutSeeds: places.length,
    others,
    folds,
    auc,
    recall,
    lift,
    precision: baseRate === undefined ? undefined : precisionOf(lift, baseRate),
    verdict: verdictOf(auc),
    beside: [{ name: 'random', auc: 0.5, recall: share, lift: 1 }, ...beside.map(shown)],
    tried: tried.map(shown),
    winner,
    why: whyOf(heldOut),
    skipped,
    curve: reachCurve({ places, candidateCount, size, scoreAt }),
  };
}

/** No audience has more look-alikes than members. */
function precisionOf({ value, low, high }: Estimate, baseRate: number): Estimate {
  const capped = (lift: number) => Math.min(1, lift * baseRate);
  return { value: capped(value), low: capped(low), high: capped(high) };
}

function contenderOf({ name, places }: Trial, share: number): ContenderEvidence {
  const { value } = recallWithInterval(places, share);
  const auc = places.reduce((sum, place) => sum + place, 0) / Math.max(1, places.length);
  return { name, auc, recall: value, lift: value / share };
}

function whyOf({ tried, winner }: HeldOut): string {
  if (tried.length === 1) return `${winner} was asked for`;
  if (winner !== STACK && winner !== STACK_WITH_TREES) {
    return tried[0].name === winner
      ? `${winner} was asked for; the others are shown beside it`
      : `${winner} finds held-out seeds better than any blend by more than two standard errors`;
  }
  return `${winner}: no single ranker finds held-out seeds better by more than two standard errors`;
}
