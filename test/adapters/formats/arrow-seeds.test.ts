import { type Table, tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { arrowIndexFormat } from '#adapters/formats/arrow-index.ts';
import { arrowSeedFormat } from '#adapters/formats/arrow-seeds.ts';
import { seedFormatContract } from '../../contracts/seed-format.contract.ts';

seedFormatContract('Arrow', arrowSeedFormat);

describe('seeds in Arrow', () => {
  it('are read by an independent library', () => {
    const table: Table = tableFromIPC(arrowSeedFormat.encode({ ids: ['a', 'b'], moments: Float64Array.of(1, 2) }));

    expect(table.toArray().map((row) => row?.toJSON())).toEqual([
      { id: 'a', moment: 1 },
      { id: 'b', moment: 2 },
    ]);
  });

  it('are not points', () => {
    const points = { dimensions: 1, vectors: Float32Array.of(1), lengths: Float32Array.of(1) };
    const bytes = arrowIndexFormat.encodePoints(['a'], { ...points, signatures: Uint16Array.of(1) });

    expect(() => arrowSeedFormat.decode(bytes, 'x')).toThrow('x: expected seeds in Arrow format, got something else');
  });
});
