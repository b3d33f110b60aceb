/**
 * A shard as an Arrow IPC file, which pandas, Polars and DuckDB open: `id` (utf8), `features` (list of texts by
 * dictionary), `weights` (list of float32, only where not all are 1). The buffers are written and read as they are.
 */
import { dictionary, float32, type Table, uint32 } from '@uwdata/flechette';
import type { ShardFormat } from '#application/ports.ts';
import type { Shard } from '#domain/features/shard.ts';
import {
  batchOf,
  type Columns,
  decodeArrow,
  encodeArrow,
  listColumn,
  listOf,
  textColumn,
  textsOf,
} from './arrow-columns.ts';

export const arrowShardFormat: ShardFormat = {
  encode({ ids, features, rows }) {
    const { offsets, columns, weights } = rows;
    const names = textColumn(features);
    const keyType = dictionary(names.type, uint32());
    const keys = batchOf(keyType, { length: columns.length, values: columns }).setDictionary(names);
    const table: Columns = [
      ['id', textColumn(ids)],
      ['features', listColumn(keyType, offsets, keys)],
    ];
    if (weights) {
      const values = batchOf(float32(), { length: weights.length, values: weights });
      table.push(['weights', listColumn(float32(), offsets, values)]);
    }
    return encodeArrow(table);
  },

  decode: (bytes, where) => decodeArrow(bytes, where, 'a shard', shardOf),
};

function shardOf(table: Table): Shard {
  const ids = textsOf(table.getChild('id'));
  const { offsets, values, dictionary: names } = listOf(table, 'features');
  const weights = table.names.includes('weights') ? listOf(table, 'weights').values : undefined;
  if (!(values instanceof Uint32Array) || !(weights === undefined || weights instanceof Float32Array)) {
    throw new TypeError('expected features as uint32 and weights as float32');
  }
  const features = names ? textsOf(names) : [];
  const columns = values;
  return { ids, features, rows: { columnCount: features.length, offsets, columns, weights } };
}
