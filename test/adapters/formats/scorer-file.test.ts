import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '#adapters/formats/safetensors.ts';
import { decodeScorer, encodeScorer } from '#adapters/formats/scorer-file.ts';
import { Invalid } from '#application/errors.ts';
import type { Merge } from '#domain/embedding/field-merge.ts';
import { initialRepresentation } from '#domain/embedding/user-representation.ts';
import { seededRandom } from '#domain/random.ts';
import { weightsOf } from '../../domain/scoring/weights.ts';

const weights = weightsOf(3, 2);
const representation = representationBy('attention', 2);
const concatenated = representationBy('concatenation', 0);
const CARD = '{"model":"one"}';

describe('the file of a trained scorer', () => {
  it.each([
    { weights },
    { weights: { ...weights, clusters: 10, globalShare: 0.5 }, representation },
    { representation },
    { representation: concatenated },
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

  it('is of fields merged by attention where an older akin wrote it, and did not say', () => {
    const { tensors, metadata } = decodeSafetensors(encodeScorer({ scorer: { representation }, card: CARD }));
    const { merge, ...told } = JSON.parse(metadata.representation);
    const old = encodeSafetensors({ tensors, metadata: { ...metadata, representation: JSON.stringify(told) } });

    expect(merge).toBe('attention');
    expect(decodeScorer(old, 'x').scorer.representation).toEqual(representation);
  });

  it('refuses a merge that it does not know, and a layer of the width of another', () => {
    const { tensors, metadata } = decodeSafetensors(
      encodeScorer({ scorer: { representation: concatenated }, card: CARD }),
    );
    const saying = (merge: string) => {
      const told = JSON.stringify({ ...JSON.parse(metadata.representation), merge });
      return encodeSafetensors({ tensors, metadata: { ...metadata, representation: told } });
    };

    expect(() => decodeScorer(saying('sum'), 'here')).toThrow(
      'here: expected what is told of a trained scorer, got something else',
    );
    expect(() => decodeScorer(saying('attention'), 'here')).toThrow(
      'here: expected representation.hidden of 5×3 finite numbers, got something else',
    );
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

/** Of three fields. */
function representationBy(merge: Merge, attention: number) {
  return initialRepresentation(
    ['a:1', 'a:2', 'b:1', 'plain'],
    { merge, dimensions: 3, attention, hidden: 5, poolingPower: 0.5 },
    seededRandom(1),
    (length) => new Float32Array(length),
  );
}

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
