/** The seeds of a live audience as an Arrow IPC file: `id` (utf8) and `moment` (float64, milliseconds since 1970). */
import { float64, type Table } from '@uwdata/flechette';
import type { SeedFormat } from '#application/ports.ts';
import type { DatedIds } from '#domain/features/dated-ids.ts';
import { decodeArrow, encodeArrow, numberColumn, textColumn, textsOf } from './arrow-columns.ts';

export const arrowSeedFormat: SeedFormat = {
  encode: ({ ids, moments }) =>
    encodeArrow([
      ['id', textColumn(ids)],
      ['moment', numberColumn(float64(), moments)],
    ]),

  decode: (bytes, where) => decodeArrow(bytes, where, 'seeds', seedsOf),
};

function seedsOf(table: Table): DatedIds {
  const moments = table.getChild('moment').data[0]?.values;
  if (!(moments instanceof Float64Array)) throw new TypeError('expected moments as float64');
  return { ids: textsOf(table.getChild('id')), moments: moments.subarray(0, table.numRows) };
}
