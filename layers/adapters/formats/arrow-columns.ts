/** The columns that akin's Arrow files are made of, written from and read as the buffers that they are. */
import {
  batchType,
  Column,
  columnFromArray,
  type DataType,
  fixedSizeList,
  list,
  type Table,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  utf8,
} from '@uwdata/flechette';
import { Invalid } from '#application/errors.ts';

/** The library's own decoder would swallow U+FEFF at the start of a text, and make two ids one. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Arrow's buffers start at multiples of 8 bytes of the file, and a typed array at a multiple of its element in memory. */
const ALIGNMENT = 8;

export type Columns = [string, Column<unknown>][];

/** An Arrow IPC file of one record batch. */
export function encodeArrow(columns: Columns): Uint8Array {
  const bytes = tableToIPC(tableFromColumns(columns), { format: 'file' });
  if (!bytes) throw new Error('expected the bytes of an Arrow file, got none');
  return bytes;
}

/** Reads an Arrow file; whatever `read` or the library cannot make sense of is refused in the name of `where`. */
export function decodeArrow<T>(bytes: Uint8Array, where: string, what: string, read: (table: Table) => T): T {
  try {
    return read(tableFromIPC(bytes.byteOffset % ALIGNMENT === 0 ? bytes : new Uint8Array(bytes)));
  } catch (cause) {
    throw new Invalid(`${where}: expected ${what} in Arrow format, got something else`, { cause });
  }
}

export function textColumn(texts: readonly string[]): Column<unknown> {
  const column = columnFromArray([...texts], utf8());
  if (column.data.length > 0) return column;
  const type = utf8();
  return new Column([batchOf(type, { length: 0, offsets: new Int32Array(1), values: new Uint8Array(0) })], type);
}

export function listColumn(type: DataType, offsets: Uint32Array, values: unknown): Column<unknown> {
  const signed = new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length);
  return new Column([batchOf(list(type), { length: offsets.length - 1, offsets: signed, children: [values] })]);
}

/** The library's own class for the type, around buffers that are already as Arrow wants them. */
export function batchOf(type: DataType, content: object) {
  return new (batchType(type))({ nullCount: 0, type, validity: new Uint8Array(0), ...content });
}

/** A column of plain numbers. */
export function numberColumn(type: DataType, values: Float32Array | Float64Array): Column<unknown> {
  return new Column([batchOf(type, { length: values.length, values })], type);
}

/** A column of lists of one length, from their values one after the other. */
export function fixedListColumn(
  type: DataType,
  stride: number,
  values: Uint16Array | Float32Array | Float64Array,
): Column<unknown> {
  const listType = fixedSizeList(type, stride);
  const children = [batchOf(type, { length: values.length, values })];
  return new Column([batchOf(listType, { length: values.length / stride, children })], listType);
}

export function textsOf(column: Column<unknown>): string[] {
  return column.data.flatMap(({ length, offsets, values }) => {
    if (!(offsets instanceof Int32Array && values instanceof Uint8Array)) throw new TypeError('expected texts');
    return Array.from({ length }, (_, i) => decoder.decode(values.subarray(offsets[i], offsets[i + 1])));
  });
}

/** The values of a column of lists of one length, and that length. */
export function fixedListOf(table: Table, name: string): { readonly stride: number; readonly values: unknown } {
  const column = table.getChild(name);
  const [batch] = column.data;
  const child = batch?.children?.[0];
  if (!child || !('stride' in column.type)) throw new TypeError(`expected lists of one length under ${name}`);
  return { stride: column.type.stride, values: child.values?.subarray(0, child.length) };
}

/** The buffers of a list column that was written as one batch. */
export function listOf(table: Table, name: string) {
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
