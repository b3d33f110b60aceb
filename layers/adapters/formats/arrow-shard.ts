/**
 * A shard as an Arrow IPC file, which pandas, Polars and DuckDB open: `id` (utf8), `features` (list of texts by
 * dictionary), `weights` (list of float32, only where not all are 1). The buffers are written and read as they are.
 */
import {
  batchType,
  Column,
  columnFromArray,
  type DataType,
  dictionary,
  float32,
  list,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  uint32,
  utf8,
} from '@uwdata/flechette';
import { Invalid } from '#application/errors.ts';
import type { ShardFormat } from '#application/ports.ts';
import type { Shard } from '#domain/features/shard.ts';

export const arrowShardFormat: ShardFormat = {
  encode({ ids, features, rows }) {
    const { offsets, columns, weights } = rows;
    const names = textColumn(features);
    const keyType = dictionary(names.type, uint32());
    const keys = batchOf(keyType, { length: columns.length, values: columns }).setDictionary(names);
    const table: [string, Column<unknown>][] = [
      ['id', textColumn(ids)],
      ['features', listColumn(keyType, offsets, keys)],
    ];
    if (weights) {
      const values = batchOf(float32(), { length: weights.length, values: weights });
      table.push(['weights', listColumn(float32(), offsets, values)]);
    }
    const bytes = tableToIPC(tableFromColumns(table), { format: 'file' });
    if (!bytes) throw new Error('expected the bytes of an Arrow file, got none');
    return bytes;
  },

  decode(bytes, where) {
    try {
      return shardOf(bytes);
    } catch (cause) {
      throw new Invalid(`${where}: expected a shard in Arrow format, got something else`, { cause });
    }
  },
};

function textColumn(texts: readonly string[]): Column<unknown> {
  const column = columnFromArray([...texts], utf8());
  if (column.data.length > 0) return column;
  const type = utf8();
  return new Column([batchOf(type, { length: 0, offsets: new Int32Array(1), values: new Uint8Array(0) })], type);
}

function listColumn(type: DataType, offsets: Uint32Array, values: unknown): Column<unknown> {
  const signed = new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length);
  return new Column([batchOf(list(type), { length: offsets.length - 1, offsets: signed, children: [values] })]);
}

/** The library's own class for the type, around buffers that are already as Arrow wants them. */
function batchOf(type: DataType, content: object) {
  return new (batchType(type))({ nullCount: 0, type, validity: new Uint8Array(0), ...content });
}

function shardOf(bytes: Uint8Array): Shard {
  const table = tableFromIPC(bytes);
  const ids = [...table.getChild('id')].map(String);
  const { offsets, values, dictionary: names } = listOf(table, 'features');
  const weights = table.names.includes('weights') ? listOf(table, 'weights').values : undefined;
  if (!(values instanceof Uint32Array) || !(weights === undefined || weights instanceof Float32Array)) {
    throw new TypeError('expected features as uint32 and weights as float32');
  }
  const features = [...(names ?? [])].map(String);
  const columns = values;
  return { ids, features, rows: { columnCount: features.length, offsets, columns, weights } };
}

/** The buffers of a list column that was written as one batch. */
function listOf(table: ReturnType<typeof tableFromIPC>, name: string) {
  const [batch] = table.getChild(name).data;
  const child = batch?.children?.[0];
  if (!batch || !child || !(batch.offsets instanceof Int32Array)) throw new TypeError(`expected lists under ${name}`);
  const offsets = new Uint32Array(batch.offsets.buffer, batch.offsets.byteOffset, batch.length + 1);
  const values: unknown = child.values?.subarray(0, child.length);
  return {
    offsets,
    values,
    dictionary: 'dictionary' in child && child.dictionary instanceof Column ? child.dictionary : undefined,
  };
}
