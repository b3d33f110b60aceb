/** Attention weights as a training might leave them: any numbers near a whitening's. */
import { seededRandom } from '#domain/random.ts';
import type { AttentionWeights } from '#domain/scoring/attention.ts';

export function weightsOf(dimensions: number, outputs = dimensions, seed = 5): AttentionWeights {
  const random = seededRandom(seed);
  const drawn = (length: number, scale: number) => Float64Array.from({ length }, () => scale * (2 * random() - 1));
  const nearIdentity = (inputs: number) =>
    drawn(outputs * inputs, 0.3).map((x, at) => x + (at % inputs === Math.floor(at / inputs) ? 1 : 0));
  return {
    dimensions,
    outputs,
    layer: nearIdentity(dimensions),
    layerBias: drawn(outputs, 0.1),
    slope: Float64Array.of(0.8),
    local: nearIdentity(outputs),
    global: nearIdentity(outputs),
    globalQuery: drawn(outputs, 0.5),
  };
}
