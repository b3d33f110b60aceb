/**
 * Named tensors in one file, as other tools read them.
 *
 * Reference: the safetensors format (github.com/huggingface/safetensors): the length of the header as 64 bits, little-endian;
 *            the header in JSON, which names each tensor with its type, shape and place; then the tensors' bytes.
 */
import * as z from 'zod';

export interface Tensor {
  readonly shape: readonly number[];
  /** In the order of rows. */
  readonly values: Float32Array | Float64Array;
}

export interface Tensors {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Tensors begin at multiples of it, and so does what holds them. */
const ALIGNMENT = 8;
const LENGTH_BYTES = 8;
/** The reference implementation's. */
const MOST_HEADER_BYTES = 100_000_000;

const ARRAYS = { F32: Float32Array, F64: Float64Array } as const;

const Entry = z.strictObject({
  dtype: z.enum(['F32', 'F64']),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

export function encodeSafetensors({ tensors, metadata }: Tensors): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  // Wider numbers first, so that each begins at a multiple of its width.
  const entries = Object.entries(tensors).sort(([, left], [, right]) => widthOf(right) - widthOf(left));
  let end = 0;
  for (const [name, { shape, values }] of entries) {
    const dtype = values instanceof Float64Array ? 'F64' : 'F32';
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(LENGTH_BYTES + length + end).fill(0x20, LENGTH_BYTES, LENGTH_BYTES + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + length;
  for (const [, { values }] of entries) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

function widthOf({ values }: Tensor): number {
  return values.BYTES_PER_ELEMENT;
}

/** Throws a TypeError or what a parser throws for bytes that are no such file. */
export function decodeSafetensors(bytes: Uint8Array): Tensors {
  const length = headerLengthOf(bytes);
  // A copy: what a slice of Node's buffers is not.
  const body = new Uint8Array(bytes.subarray(LENGTH_BYTES + length));
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  const { __metadata__: metadata = {}, ...entries } = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  const placed = Object.entries(entries).map(([name, entry]) => [name, Entry.parse(entry)] as const);
  checkPlaces(
    placed.map(([, { data_offsets }]) => data_offsets),
    body.length,
  );
  const tensors = placed.map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [start, end],
      },
    ]) => {
      const Numbers = ARRAYS[dtype];
      const count = shape.reduce((product, size) => product * size, 1);
      if (end - start !== count * Numbers.BYTES_PER_ELEMENT)
        throw new TypeError(`expected ${count} numbers in ${name}`);
      return [name, { shape, values: new Numbers(body.slice(start, end).buffer) }] as const;
    },
  );
  return { tensors: Object.fromEntries(tensors), metadata: z.record(z.string(), z.string()).parse(metadata) };
}

function headerLengthOf(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) throw new TypeError('expected the length of a header');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MOST_HEADER_BYTES || Number(length) > bytes.length - LENGTH_BYTES)
    throw new TypeError(`expected a header within the file, got one of ${length} bytes`);
  return Number(length);
}

/** Tensors lie side by side: no byte is anybody's that is not one's alone. */
function checkPlaces(places: readonly (readonly [number, number])[], length: number): void {
  let end = 0;
  for (const [start, next] of places.toSorted(([left], [right]) => left - right)) {
    if (start !== end || next < start) throw new TypeError('expected tensors side by side');
    end = next;
  }
  if (end !== length) throw new TypeError(`expected ${end} bytes of tensors, got ${length}`);
}
