/**
 * Banding: signatures cut into B bands of R rows; two users share a bucket of a band if all its R values agree.
 *
 * Reference: A. Rajaraman, J. Ullman, "Mining of Massive Datasets", §3.4; Ma et al. 2016, phase I.
 * Shapes:    signatures (U×H), H ≥ B·R; bucket hashes (U) uint32, one array a band.
 * Accuracy:  P(share a bucket | similarity s) = 1 − (1 − s^R)^B; 32-bit hashes add 2⁻³² a pair and band.
 */
import { mix32 } from '../random.ts';

export interface Banding {
  /** How many bands. */
  readonly bands: number;
  /** Rows in a band. */
  readonly rows: number;
}

/** The chance that two users of similarity s share at least one bucket. */
export function candidateProbability(s: number, { bands, rows }: Banding): number {
  return 1 - (1 - s ** rows) ** bands;
}

/** Points of the integration below; more would not move the choice. */
const STEPS = 1000;

/**
 * The banding of at most H hash functions that tells pairs above the wanted similarity best from those below:
 * it minimises the area of false positives below and false negatives above, weighted as told (1 is as bad as 1).
 */
export function chooseBanding(
  similarity: number,
  H: number,
  falsePositiveWeight = 1,
  falseNegativeWeight = 1,
): Banding {
  let best: Banding = { bands: H, rows: 1 };
  let least = Number.POSITIVE_INFINITY;
  for (let rows = 1; rows <= H; rows++) {
    for (let bands = 1; bands * rows <= H; bands++) {
      const error = bandingError({ bands, rows }, similarity, falsePositiveWeight, falseNegativeWeight);
      if (error >= least) continue;
      least = error;
      best = { bands, rows };
    }
  }
  return best;
}

function bandingError(
  banding: Banding,
  similarity: number,
  falsePositiveWeight: number,
  falseNegativeWeight: number,
): number {
  let [below, above] = [0, 0];
  for (let step = 0; step < STEPS; step++) {
    const s = (step + 0.5) / STEPS;
    const probability = candidateProbability(s, banding);
    if (s < similarity) below += probability;
    else above += 1 - probability;
  }
  return (falsePositiveWeight * below + falseNegativeWeight * above) / STEPS;
}

/** The bucket of each user in one band, (U). Users without features get a bucket like any other: leave them out. */
export function bucketHashes(signatures: Uint16Array, H: number, { rows }: Banding, band: number): Uint32Array {
  const hashes = new Uint32Array(signatures.length / H);
  for (let u = 0; u < hashes.length; u++) {
    let hash = mix32(band + 1);
    for (let at = u * H + band * rows; at < u * H + (band + 1) * rows; at++)
      hash = mix32(Math.imul(hash, 31) ^ signatures[at]);
    hashes[u] = hash;
  }
  return hashes;
}
