import { describe, expect, it } from 'vitest';
import { encodeSafetensors, type Tensor } from '#adapters/formats/safetensors.ts';
import { decodeScorer, encodeScorer } from '#adapters/formats/scorer-file.ts';
import { Invalid } from '#application/errors.ts';
import { weightsOf } from '../../domain/scoring/weights.ts';

const scorer = { weights: weightsOf(3, 2), card: '{"model":"one"}' };

describe('the file of a trained scorer', () => {
  it('gives back the weights, to the bit, and the card', () => {
    expect(decodeScorer(encodeScorer(scorer), 'x')).toEqual(scorer);
  });

  it('gives back a card alone, where the untrained scorer was kept', () => {
    expect(decodeScorer(encodeScorer({ card: '{}' }), 'x')).toEqual({ card: '{}' });
  });

  it.each([
    [
      'another format',
      {},
      { format: 'akin-attention-2' },
      'expected a scorer of the format akin-attention-1, got "akin-attention-2"',
    ],
    ['a missing tensor', { layer: undefined }, {}, 'expected layer of 0×0 finite numbers'],
    [
      'another shape',
      { local: { shape: [4], values: new Float64Array(4) } },
      {},
      'expected local of 2×2 finite numbers',
    ],
    [
      'a number that is none',
      { slope: { shape: [1], values: Float64Array.of(Number.NaN) } },
      {},
      'expected slope of 1 finite',
    ],
  ])('refuses %s in one sentence that says where', (_, tensors, metadata, sentence) => {
    const bytes = fileWith(tensors, metadata);

    expect(() => decodeScorer(bytes, 'index/shop/1.scorer.safetensors')).toThrow(
      `index/shop/1.scorer.safetensors: ${sentence}`,
    );
    expect(() => decodeScorer(bytes, 'x')).toThrow(Invalid);
  });

  it('refuses bytes that are no such file', () => {
    expect(() => decodeScorer(new Uint8Array(3), 'here')).toThrow(
      new Invalid('here: expected a trained scorer in safetensors format, got something else'),
    );
  });
});

function fileWith(changes: Readonly<Record<string, Tensor | undefined>>, metadata: Readonly<Record<string, string>>) {
  const { layer, layerBias, slope, local, global, globalQuery } = scorer.weights;
  const sound: Record<string, Tensor | undefined> = {
    layer: { shape: [2, 3], values: layer },
    layerBias: { shape: [2], values: layerBias },
    slope: { shape: [1], values: slope },
    local: { shape: [2, 2], values: local },
    global: { shape: [2, 2], values: global },
    globalQuery: { shape: [2], values: globalQuery },
    ...changes,
  };
  const tensors = Object.entries(sound).flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : []));
  return encodeSafetensors({
    tensors: Object.fromEntries(tensors),
    metadata: { format: 'akin-attention-1', card: scorer.card, ...metadata },
  });
}
