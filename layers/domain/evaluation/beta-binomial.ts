/**
 * How many of as many further people will do what so many of some people did: the beta-binomial distribution.
 *
 * Reference: H. Jeffreys, "Theory of probability", 1961, for the prior: half a hit and half a miss before any is seen.
 * Trick:     probabilities relative to that of as many hits again, each by its ratio to its neighbor: no gamma function,
 *            and nothing that overflows.
 * Cost:      O(√S) for S people, as what is far from the expected is left out.
 * Accuracy:  exact; what is left out has a probability below 10⁻¹⁰.
 */

const PRIOR = 1 / 2;

/** So much less likely than the likeliest is as good as impossible; the distribution has one peak. */
const NEGLIGIBLE = 1e-13;

export interface HitRange {
  readonly low: number;
  readonly high: number;
}

/** The fewest and the most hits to expect: fewer come in at most `tail` of all cases, and more in as many. */
export function furtherHits(hits: number, people: number, tail: number): HitRange {
  const { first, weights } = weightsAround(hits, people);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let low = first;
  let high = first + weights.length - 1;
  for (let below = weights[0]; below <= tail * total; below += weights[low - first]) low++;
  for (let above = weights[high - first]; above <= tail * total; above += weights[high - first]) high--;
  return { low, high };
}

/** Relative probabilities of as many hits as have one worth mention, beginning with `first`. */
function weightsAround(hits: number, people: number): { readonly first: number; readonly weights: readonly number[] } {
  const step = (x: number) => ((people - x) * (x + hits + PRIOR)) / ((x + 1) * (2 * people - hits - x - 1 + PRIOR));
  const fewer: number[] = [];
  const more: number[] = [];
  for (let [x, weight] = [hits, 1]; x > 0 && weight > NEGLIGIBLE; x--) {
    weight /= step(x - 1);
    fewer.push(weight);
  }
  for (let [x, weight] = [hits, 1]; x < people && weight > NEGLIGIBLE; x++) {
    weight *= step(x);
    more.push(weight);
  }
  return { first: hits - fewer.length, weights: [...fewer.reverse(), 1, ...more] };
}
