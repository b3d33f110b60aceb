import { readFileSync } from 'node:fs';
import { columnFromArray, tableFromArrays, tableFromColumns, tableFromIPC, tableToIPC, utf8 } from '@uwdata/flechette';
import { describe, expect, it } from 'vitest';
import { arrowShardFormat } from '#adapters/formats/arrow-shard.ts';
import { Invalid } from '#application/errors.ts';
import { shardFormatContract, shardOf } from '../../contracts/shard-format.contract.ts';

shardFormatContract('Arrow', arrowShardFormat);

const people = shardOf([
  { id: 'ünal', features: ['age:25-34', 'item:12'], weights: [1, 5] },
  { id: 'u1', features: [] },
  { id: 'u2', features: ['item:12'], weights: [0.5] },
]);

describe('Arrow shards', () => {
  it('are what any other Arrow reader takes for a table', () => {
    const table = tableFromIPC(arrowShardFormat.encode(people));

    expect(table.toArray().map(({ id, features, weights }) => ({ id, features, weights: [...weights] }))).toEqual([
      { id: 'u1', features: [], weights: [] },
      { id: 'u2', features: ['item:12'], weights: [0.5] },
      { id: 'ünal', features: ['age:25-34', 'item:12'], weights: [1, 5] },
    ]);
  });

  it('have a column of weights only where not all are 1', () => {
    const names = (weights: number[]) =>
      tableFromIPC(arrowShardFormat.encode(shardOf([{ id: 'u1', features: ['a'], weights }]))).names;

    expect(names([1])).toEqual(['id', 'features']);
    expect(names([2])).toEqual(['id', 'features', 'weights']);
  });

  it.each([
    ['no features', { id: columnFromArray(['u1'], utf8()) }],
    ['features that are no lists', tableFromArrays({ id: ['u1'], features: ['a'] })],
    ['features as numbers', tableFromArrays({ id: ['u1'], features: [[1, 2]] })],
    ['ids that are no texts', tableFromArrays({ id: [1], features: [['a']] })],
  ])('are not just any Arrow file: %s', (_, content) => {
    const table = 'schema' in content ? content : tableFromColumns(content);
    const bytes = tableToIPC(table, { format: 'file' }) ?? new Uint8Array(0);

    expect(() => arrowShardFormat.decode(bytes, 'other.arrow')).toThrow(Invalid);
    expect(() => arrowShardFormat.decode(bytes, 'other.arrow')).toThrow(
      'other.arrow: expected a shard in Arrow format, got something else',
    );
  });
});

describe('shards that were written by released versions', () => {
  it.each([{ file: 'shard-v1.arrow', expected: people }])('$file is still read', ({ file, expected }) => {
    const bytes = readFileSync(new URL(`../../fixtures/${file}`, import.meta.url));

    expect(arrowShardFormat.decode(bytes, file)).toEqual(expected);
  });
});
