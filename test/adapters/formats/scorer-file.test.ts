import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '#adapters/formats/safetensors.ts';
import { decodeScorer, encodeScorer } from '#adapters/formats/scorer-file.ts';
import { Invalid } from '#application/errors.ts';
import { initialRepresentation } from '#domain/embedding/user-representation.ts';
import { seededRandom } from '#domain/random.ts';
import { weightsOf } from '../../domain/scoring/weights.ts';

const weights = weightsOf(3, 2);
const representation = initialRepresentation(
  ['a:1', 'a:2', 'b:1', 'plain'],
  { dimensions: 3, attention: 2, hidden: 5, poolingPower: 0.5 },
  seededRandom(1),
  (length) => new Float32Array(length),
);
const CARD = '{"model":"one"}';

describe('the file of a trained scorer', () => {
  it.each([
    { weights },
    { weights: { ...weights, clusters: 10, globalShare: 0.5 }, representation },
    { representation },
    {},
  ])('gives back what was learned, to the bit, and the card: case %#', (scorer) => {
    expect(decodeScorer(encodeScorer({ scorer, card: CARD }), 'x')).toEqual({ scorer, card: CARD });
  });

  it('refuses a representation without its features, or with others', () => {
    for (const features of [undefined, '["a:1"]', '{"poolingPower":1,"features":["a:1"]}']) {
      const bytes = encodeScorer({ scorer: { representation }, card: CARD });
      const { tensors, metadata } = decodeSafetensors(bytes);
      const changed = { ...metadata, ...(features === undefined ? {} : { representation: features }) };
      if (features === undefined) changed.representation = '';

      expect(() => decodeScorer(encodeSafetensors({ tensors, metadata: changed }), 'here')).toThrow(
        /^here: expected (what is told of a trained scorer|representation\.features of 1×3 finite numbers), got/,
      );
    }
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
  const { layer, layerBias, slope, local, global, globalQuery } = weights;
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
    metadata: { format: 'akin-attention-1', card: CARD, ...metadata },
  });
}
