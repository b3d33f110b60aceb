/**
 * How high the hidden positives come in a ranking.
 *
 * Reference: T. Fawcett, "An introduction to ROC analysis", 2006; Liu et al. 2019 §5 for precision at K.
 * Shapes:    scores (N) best first, positive (N) 1 for a hidden positive; both in the order of the ranking.
 */

export interface RankingQuality {
  /** The chance that a positive ranks above another user; ties count half. */
  readonly auc: number;
  /** The share of positives among the first K. */
  readonly precision: number;
  /** The share of the positives that stand among the first so many. */
  readonly recall: number;
  /** Precision over the share of positives in the whole ranking. */
  readonly lift: number;
}

/** How good the first `k` are. Nothing where there is nothing to tell apart: no positives, or nobody else. */
export function qualityAt(scores: Float32Array, positive: Uint8Array, k: number): RankingQuality | undefined {
  const count = hitsWithin(positive, positive.length);
  if (count === 0 || count === positive.length) return undefined;
  return {
    auc: areaUnderCurve(scores, positive),
    precision: precisionAt(positive, k),
    recall: recallAt(positive, k),
    lift: liftAt(positive, k),
  };
}

/** The conventions of docs/rankers.md: precision and lift at K = the number of positives, recall in the first tenth. */
export function rankingQuality(scores: Float32Array, positive: Uint8Array): RankingQuality | undefined {
  const quality = qualityAt(scores, positive, hitsWithin(positive, positive.length));
  return quality && { ...quality, recall: recallAt(positive, Math.max(1, Math.floor(positive.length / 10))) };
}

export function areaUnderCurve(scores: Float32Array, positive: Uint8Array): number {
  let positives = 0;
  let others = 0;
  let area = 0;
  for (let start = 0; start < scores.length; ) {
    let [tiedPositives, tied] = [0, 0];
    while (start + tied < scores.length && scores[start + tied] === scores[start])
      tiedPositives += positive[start + tied++];
    const tiedOthers = tied - tiedPositives;
    area += tiedOthers * (positives + tiedPositives / 2);
    positives += tiedPositives;
    others += tiedOthers;
    start += tied;
  }
  return area / (positives * others);
}

export function precisionAt(positive: Uint8Array, k: number): number {
  return hitsWithin(positive, k) / k;
}

export function recallAt(positive: Uint8Array, k: number): number {
  return hitsWithin(positive, k) / hitsWithin(positive, positive.length);
}

export function liftAt(positive: Uint8Array, k: number): number {
  return precisionAt(positive, k) / (hitsWithin(positive, positive.length) / positive.length);
}

function hitsWithin(positive: Uint8Array, k: number): number {
  let hits = 0;
  for (let n = 0; n < k && n < positive.length; n++) hits += positive[n];
  return hits;
}
