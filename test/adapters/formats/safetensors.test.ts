import { Buffer } from 'node:buffer';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '#adapters/formats/safetensors.ts';

const number = fc.double({ noNaN: true });
const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.array(fc.nat(4), { maxLength: 3 }), fc.boolean())
  .chain(([shape, isDouble]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc
      .array(number, { minLength: length, maxLength: length })
      .map((values) => ({ shape, values: isDouble ? Float64Array.from(values) : Float32Array.from(values) }));
  });
const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.startsWith('__'));
const anyFile = fc.record({
  tensors: fc.dictionary(name, anyTensor, { noNullPrototype: true }),
  metadata: fc.dictionary(name, fc.string(), { noNullPrototype: true }),
});

describe('safetensors', () => {
  test.prop([anyFile])('gives back what it was given', (file) => {
    expect(decodeSafetensors(encodeSafetensors(file))).toEqual(file);
  });

  it('is laid out as the format says: length, header in JSON, tensors side by side', () => {
    const bytes = encodeSafetensors({
      tensors: { a: { shape: [1], values: Float32Array.of(1.5) }, b: { shape: [2, 1], values: Float64Array.of(2, 3) } },
      metadata: { format: 'x' },
    });

    const view = new DataView(bytes.buffer);
    const length = Number(view.getBigUint64(0, true));
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(length % 8).toBe(0);
    expect(header).toEqual({
      __metadata__: { format: 'x' },
      a: { dtype: 'F32', shape: [1], data_offsets: [16, 20] },
      b: { dtype: 'F64', shape: [2, 1], data_offsets: [0, 16] },
    });
    expect(view.getFloat64(8 + length, true)).toBe(2);
    expect(view.getFloat32(8 + length + 16, true)).toBe(1.5);
    expect(bytes).toHaveLength(8 + length + 20);
  });

  it('is read from anywhere in memory, as the buffers that Node reads files into', () => {
    const file = { tensors: { a: { shape: [2], values: Float64Array.of(1, 2) } }, metadata: {} };
    const bytes = encodeSafetensors(file);

    const shifted = Buffer.concat([Buffer.of(0), bytes]).subarray(1);

    expect(decodeSafetensors(shifted)).toEqual(file);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a header longer than the file', Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d)],
    ['a header of 2⁶⁴ − 1 bytes', new Uint8Array(32).fill(0xff)],
    ['no JSON', fileOf('{"a":', 0)],
    ['no object', fileOf('[]', 0)],
    ['a type that is not known', fileOf('{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1)],
    ['a gap', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8)],
    [
      'tensors one over the other',
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
    ],
    ['bytes that are nobody’s', fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 8)],
    ['fewer numbers than the shape', fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4)],
    ['an end before the start', fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,-4]}}', 0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeSafetensors(bytes)).toThrow();
  });

  test.prop([anyFile, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'never gives more than there is for a file of which a byte was changed',
    (file, place, change) => {
      const bytes = encodeSafetensors(file);
      bytes[place % bytes.length] ^= change;

      try {
        for (const { shape, values } of Object.values(decodeSafetensors(bytes).tensors)) {
          expect(values).toHaveLength(shape.reduce((product, size) => product * size, 1));
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    },
  );
});

function fileOf(header: string, tensorBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + tensorBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
