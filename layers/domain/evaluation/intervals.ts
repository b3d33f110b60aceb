/**
 * What held-out seeds tell of a ranker, and how surely: figures with 90 % intervals.
 *
 * Reference: D. Rubin, "The Bayesian bootstrap", 1981; L. Brown, T. Cai, A. DasGupta, "Interval estimation for a
 *            binomial proportion", 2001, for Jeffreys' prior.
 * Shapes:    places (S), S ≥ 1: the share of the background that each held-out seed ranks above, in [0, 1].
 * Cost:      AUC's interval takes 500 passes over the places, 0.07 s for 2,000 of them; the others take one.
 * Accuracy:  AUC's interval is for the ranker's true AUC; recall's and lift's are for what as many further people show.
 *            In 1,000 to 4,000 simulations each (25 to 2,000 seeds of six kinds), AUC's held it for 88 to 95 of 100, and
 *            recall's in the best 1, 5 and 10 % for 89 to 94 where two hits or more were expected, else for up to all.
 *
 * n.b. The background counts as known and the seeds as independent. Seeds in a tie have its middle for their place, so
 * where whole crowds tie, recall at a size that cuts a crowd is right only with places drawn evenly from each tie.
 */
import type { Random } from '../random.ts';
import { furtherHits } from './beta-binomial.ts';

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A 90 % interval leaves so much on either side. */
const TAIL = 0.05;

/** The ends then move by a tenth of a standard error from seed to seed of the dice. */
const DRAWS = 500;

/** Sums of shares differ from 1 by rounding; shares themselves by half a user. */
const ROUNDING = 1e-12;

/**
 * The mean place. Each draw weighs the seeds anew, and with them one more whose place nobody knows, which is elsewhere
 * in each draw: so seeds that all have one place are not taken for certainty. Where all places are 0 or 1, this is
 * Jeffreys' interval of a proportion.
 */
export function aucWithInterval(places: Float64Array, random: Random): Estimate {
  const value = meanOf(places);
  const draws = Float64Array.from({ length: DRAWS }, () => drawMean(places, random)).sort();
  const outermost = Math.round(DRAWS * TAIL) - 1;
  return { value, low: Math.min(value, draws[outermost]), high: Math.max(value, draws[DRAWS - 1 - outermost]) };
}

/** The share of people like the seeds who are among the best `share` of the background. */
export function recallWithInterval(places: Float64Array, share: number): Estimate {
  let hits = 0;
  for (const place of places) if (isReached(place, share)) hits++;
  return recallOf(hits, places.length, share);
}

/** How many times as many of them are reached as by as large a random audience. */
export function liftWithInterval(places: Float64Array, share: number): Estimate {
  return liftOf(recallWithInterval(places, share), share);
}

/** The same of a number of hits. Everybody is reached by an audience of everybody: that is no estimate. */
export function recallOf(hits: number, S: number, share: number): Estimate {
  if (share >= 1) return { value: 1, low: 1, high: 1 };
  const { low, high } = furtherHits(hits, S, TAIL);
  return { value: hits / S, low: low / S, high: high / S };
}

export function liftOf(recall: Estimate, share: number): Estimate {
  return scaled(recall, 1 / share);
}

export function scaled({ value, low, high }: Estimate, factor: number): Estimate {
  return { value: value * factor, low: low * factor, high: high * factor };
}

/** The smallest number of the N best among whom a seed of this place stands. */
export function sizeReaching(place: number, N: number): number {
  return Math.max(1, Math.ceil((1 - place - ROUNDING) * N));
}

function isReached(place: number, share: number): boolean {
  return place + share >= 1 - ROUNDING;
}

function meanOf(places: Float64Array): number {
  return places.reduce((sum, place) => sum + place, 0) / places.length;
}

/** The mean by Dirichlet weights: each seed's is exponential, over their sum. */
function drawMean(places: Float64Array, random: Random): number {
  let weights = exponential(random);
  let sum = weights * Math.sin(Math.PI * random()) ** 2;
  for (const place of places) {
    const weight = exponential(random);
    weights += weight;
    sum += weight * place;
  }
  return sum / weights;
}

function exponential(random: Random): number {
  return -Math.log(1 - random());
}
