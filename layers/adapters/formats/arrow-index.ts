/**
 * The parts of an index as Arrow IPC files: `points` holds `id`, `embedding` (list of D float32), `length` and `signature` (list of
 * H uint16), and `learned` (list of D float32) where a scorer has points of its own, in the order of the shard's rows; the model holds `feature`, `idf` and `loadings` (list of D float64). A trained
 * scorer, which other tools train as well, is a safetensors file (scorer-file.ts).
 */
import { float32, float64, type Table, uint16 } from '@uwdata/flechette';
import type { IndexFormat, Points } from '#application/ports.ts';
import type { EmbeddingModel } from '#domain/features/embedding.ts';
import {
  type Columns,
  decodeArrow,
  encodeArrow,
  fixedListColumn,
  fixedListOf,
  numberColumn,
  textColumn,
  textsOf,
} from './arrow-columns.ts';
import { decodeScorer, encodeScorer } from './scorer-file.ts';

export const arrowIndexFormat: IndexFormat = {
  encodePoints: (ids, { dimensions, vectors, lengths, signatures, learned }) =>
    encodeArrow([
      ['id', textColumn(ids)],
      ['embedding', fixedListColumn(float32(), dimensions, vectors)],
      ['length', numberColumn(float32(), lengths)],
      ['signature', fixedListColumn(uint16(), signatures.length / ids.length || 1, signatures)],
      ...(learned ? [['learned', fixedListColumn(float32(), dimensions, learned)] as Columns[number]] : []),
    ]),

  decodePoints: (bytes, where) => decodeArrow(bytes, where, 'points', pointsOf),

  decodePointIds: (bytes, where) => decodeArrow(bytes, where, 'points', (table) => textsOf(table.getChild('id'))),

  encodeModel: ({ dimensions, idf, loadings }) =>
    encodeArrow([
      ['feature', textColumn(idf.features)],
      ['idf', numberColumn(float64(), idf.values)],
      ['loadings', fixedListColumn(float64(), dimensions, loadings)],
    ]),

  decodeModel: (bytes, where) => decodeArrow(bytes, where, 'an embedding model', modelOf),

  encodeScorer,

  decodeScorer,
};

function pointsOf(table: Table): Points {
  const { stride, values } = fixedListOf(table, 'embedding');
  const signatures = fixedListOf(table, 'signature').values;
  const lengths = table.getChild('length').data[0]?.values;
  if (!(values instanceof Float32Array && lengths instanceof Float32Array && signatures instanceof Uint16Array)) {
    throw new TypeError('expected the embedding as float32 and the signature as uint16');
  }
  const points = { dimensions: stride, vectors: values, lengths: lengths.subarray(0, table.numRows), signatures };
  if (!table.names.includes('learned')) return points;
  const learned = fixedListOf(table, 'learned').values;
  if (learned instanceof Float32Array && learned.length === values.length) return { ...points, learned };
  throw new TypeError('expected a learned point for each user');
}

function modelOf(table: Table): EmbeddingModel {
  const { stride, values } = fixedListOf(table, 'loadings');
  const idf = table.getChild('idf').data[0]?.values;
  if (!(values instanceof Float64Array && idf instanceof Float64Array)) throw new TypeError('expected float64');
  const features = textsOf(table.getChild('feature'));
  return { dimensions: stride, idf: { features, values: idf.subarray(0, features.length) }, loadings: values };
}
