/**
 * Users against the clusters of an audience: in float32, and in float64 where that would lose digits.
 *
 * Shapes:   (N) scores, of rows of vectors (U×D).
 * Cost:     as folded-attention.ts says: some 9 million users a second untrained, 3 million through a layer (C = 20, D = 64).
 * Accuracy: within 10⁻⁵ of the precise score. Who is scored in which precision depends on the user and the audience alone, by
 *           the same numbers on every machine.
 */
import { foldedScores } from '../kernels/attention-kernel.ts';
import { type AttentionAudience, preciseAttentionScores } from './attention.ts';
import { foldAudience } from './folded-attention.ts';

/** One score for each of the given rows of `vectors` (U×D), (N); 0 for the zero vector, and where there are no clusters. */
export function attentionScores(audience: AttentionAudience, vectors: Float32Array, rows: Uint32Array): Float32Array {
  if (audience.globalAttention.length === 0) return new Float32Array(rows.length);
  const folded = foldAudience(audience);
  const D = folded.dimensions;
  const scores = foldedScores(folded, vectors, rows);
  const unsure: number[] = [];
  for (let n = 0; n < rows.length; n++) {
    if (isZeroAt(vectors, rows[n] * D, D)) scores[n] = 0;
    else if (Number.isNaN(scores[n])) unsure.push(n);
  }
  const precise = preciseAttentionScores(
    audience,
    vectors,
    Uint32Array.from(unsure, (n) => rows[n]),
  );
  unsure.forEach((n, at) => {
    scores[n] = precise[at];
  });
  return scores;
}

function isZeroAt(vectors: Float32Array, from: number, D: number): boolean {
  for (let at = from; at < from + D; at++) if (vectors[at] !== 0) return false;
  return true;
}
