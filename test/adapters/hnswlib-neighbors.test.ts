import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hnswlibNeighbors } from '#adapters/hnswlib-neighbors.ts';
import { clusteredPoints, neighborIndexContract, pointAt } from '../contracts/neighbor-index.contract.ts';
import { temporaryFolder } from './temporary-folder.ts';

neighborIndexContract('exact search', (points, dimensions) => hnswlibNeighbors.exact(points, dimensions));
neighborIndexContract('HNSW', (points, dimensions) =>
  hnswlibNeighbors.open(hnswlibNeighbors.build(points, dimensions, 1), dimensions),
);

describe('exact search', () => {
  const coordinate = fc.constantFrom(-1, -0.5, 0, 0.5, 1);
  const anyPoints = fc.array(fc.tuple(coordinate, coordinate), { maxLength: 40 });

  test.prop([anyPoints, fc.tuple(coordinate, coordinate), fc.nat(50)], { seed: 1 })(
    'sorts everybody but the zero vectors by nearness, and equal ones by row',
    (points, query, k) => {
      const index = hnswlibNeighbors.exact(Float32Array.from(points.flat()), 2);
      const [{ rows, similarities }] = index.nearest([query], k);

      const expected = points
        .map(([x, y], row) => ({ row, similarity: x * query[0] + y * query[1], isZero: x === 0 && y === 0 }))
        .filter(({ isZero }) => !isZero)
        .sort((left, right) => right.similarity - left.similarity || left.row - right.row)
        .slice(0, k);
      expect([...rows]).toEqual(expected.map(({ row }) => row));
      expect([...similarities].map((x) => x + 0)).toEqual(expected.map(({ similarity }) => similarity + 0));
    },
  );
});

describe('HNSW graphs', () => {
  const points = clusteredPoints(500, 8, 10, 1);

  it('are the same bytes for the same points and seed, and others for another seed', () => {
    const graph = hnswlibNeighbors.build(points, 8, 1);

    expect(Buffer.compare(hnswlibNeighbors.build(points.slice(), 8, 1), graph)).toBe(0);
    expect(Buffer.compare(hnswlibNeighbors.build(points, 8, 2), graph)).not.toBe(0);
  });

  it('answer the same however often they are asked and opened, from bytes that lie anywhere in memory', () => {
    const graph = hnswlibNeighbors.build(points, 8, 1);
    const shifted = new Uint8Array(graph.length + 3);
    shifted.set(graph, 3);
    const query = pointAt(points, 8, 5);

    const first = hnswlibNeighbors.open(graph, 8).nearest([query], 30);

    expect(hnswlibNeighbors.open(shifted.subarray(3), 8).nearest([query], 30)).toEqual(first);
    const index = hnswlibNeighbors.open(graph, 8);
    index.nearest([query], 400);
    expect(index.nearest([query], 30)).toEqual(first);
  });

  it('leave no file behind, not even where the bytes are no graph', () => {
    vi.stubEnv('TMPDIR', temporaryFolder());
    onTestFinished(() => void vi.unstubAllEnvs());

    hnswlibNeighbors.open(hnswlibNeighbors.build(points, 8, 1), 8);
    expect(() => hnswlibNeighbors.open(new Uint8Array(3), 8)).toThrow();

    expect(readdirSync(tmpdir())).toEqual([]);
  });
});
