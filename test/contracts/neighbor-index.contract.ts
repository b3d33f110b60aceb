/** What everything that finds neighbors must do, whether it looks at all points or walks along a graph. */
import { describe, expect, it } from 'vitest';
import type { NeighborIndex } from '#application/ports.ts';
import { type Random, seededRandom } from '#domain/random.ts';
import { exactNearest, type Neighbors } from '#domain/retrieval/exact-search.ts';

/** Unit vectors around `clusterCount` centers, as populations have them. */
export function clusteredPoints(count: number, dimensions: number, clusterCount: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  const centers = Array.from({ length: clusterCount }, () => direction(dimensions, random));
  const points = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const center = centers[Math.floor(random() * clusterCount)];
    const noise = direction(dimensions, random);
    points.set(unit(center.map((x, d) => x + 0.7 * noise[d])), row * dimensions);
  }
  return points;
}

function direction(dimensions: number, random: Random): number[] {
  return unit(Array.from({ length: dimensions }, () => random() + random() + random() - 1.5));
}

function unit(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector);
  return vector.map((x) => x / norm);
}

/** Points by themselves: the rows of the matrix. */
export function pointAt(points: Float32Array, dimensions: number, row: number): Float32Array {
  return points.subarray(row * dimensions, (row + 1) * dimensions);
}

function exactSearch(points: Float32Array, dimensions: number): NeighborIndex['nearest'] {
  return (queries, k) => exactNearest(points, dimensions, queries, k);
}

function nearestTo(index: NeighborIndex, query: ArrayLike<number>, k: number): Neighbors {
  const found = index.nearest([query], k);
  expect(found).toHaveLength(1);
  return found[0];
}

function expectSorted({ rows, similarities }: Neighbors): void {
  expect(similarities).toHaveLength(rows.length);
  expect(new Set(rows).size).toBe(rows.length);
  for (let n = 1; n < rows.length; n++) {
    expect(similarities[n]).toBeLessThanOrEqual(similarities[n - 1]);
    if (similarities[n] === similarities[n - 1]) expect(rows[n]).toBeGreaterThan(rows[n - 1]);
  }
}

/** `over` makes an index of the rows of a matrix, (U×D). */
export function neighborIndexContract(
  indexName: string,
  over: (points: Float32Array, dimensions: number) => NeighborIndex,
): void {
  describe(`neighbor index contract: ${indexName}`, () => {
    const D = 8;
    const points = clusteredPoints(600, D, 12, 1);

    it('finds every point first where it is looked for in its own direction', () => {
      const index = over(points, D);

      for (let row = 0; row < 600; row += 7) {
        const { rows, similarities } = nearestTo(index, pointAt(points, D, row), 1);
        expect([...rows]).toEqual([row]);
        expect(similarities[0]).toBeCloseTo(1, 5);
      }
    });

    it.each([1, 5, 64, 100, 600])('gives the nearest %i first, equal ones by row, with their cosines', (k) => {
      const query = pointAt(points, D, 17);

      const found = nearestTo(over(points, D), query, k);

      expect(found.rows).toHaveLength(k);
      expectSorted(found);
      for (const [n, row] of found.rows.entries()) {
        const cosine = pointAt(points, D, row).reduce((sum, x, d) => sum + x * query[d], 0);
        expect(found.similarities[n]).toBeCloseTo(cosine, 5);
      }
    });

    it('gives all there are where more are asked for', () => {
      const found = nearestTo(over(points, D), pointAt(points, D, 0), 5_000);

      expect([...found.rows].sort((left, right) => left - right)).toEqual(Array.from({ length: 600 }, (_, row) => row));
    });

    it('gives nobody where nobody is asked for', () => {
      const { rows, similarities } = nearestTo(over(points, D), pointAt(points, D, 0), 0);

      expect([rows.length, similarities.length]).toEqual([0, 0]);
    });

    it('has no neighbors where there are no points', () => {
      expect(nearestTo(over(new Float32Array(0), D), pointAt(points, D, 0), 10).rows).toHaveLength(0);
    });

    it.each([1, -1])('knows a single point, however far it is: %i', (sign) => {
      const query = pointAt(points, D, 3).map((x) => sign * x);

      const { rows, similarities } = nearestTo(over(points.slice(3 * D, 4 * D), D), query, 10);

      expect([...rows]).toEqual([0]);
      expect(similarities[0]).toBeCloseTo(sign, 5);
    });

    it('never gives the zero vector, near or far, nor lets it take a place', () => {
      const sparse = points.map((x, at) => (Math.floor(at / D) % 3 === 0 ? 0 : x));
      const index = over(sparse, D);

      for (const k of [1, 50, 400, 600]) {
        const { rows } = nearestTo(index, pointAt(points, D, 1), k);
        expect(rows.filter((row) => row % 3 === 0)).toHaveLength(0);
        expect(rows).toHaveLength(Math.min(k, 400));
      }
    });

    it('has no neighbors where all are the zero vector', () => {
      expect(nearestTo(over(new Float32Array(20 * D), D), pointAt(points, D, 0), 10).rows).toHaveLength(0);
    });

    it('is not disturbed by points that are all the same', () => {
      const same = points.map((_, at) => points[at % D]);

      const found = nearestTo(over(same, D), pointAt(points, D, 0), 50);

      expect(found.rows).toHaveLength(50);
      expectSorted(found);
      expect(found.similarities.every((similarity) => Math.abs(similarity - 1) < 1e-5)).toBe(true);
    });

    it('finds of many directions what it finds of each, and nothing of none', () => {
      const index = over(points, D);
      const queries = Array.from({ length: 70 }, (_, q) => pointAt(points, D, 8 * q));

      expect(index.nearest(queries, 9)).toEqual(queries.map((query) => nearestTo(index, query, 9)));
      expect(index.nearest([], 9)).toEqual([]);
    });

    it('works in one dimension', () => {
      const { rows, similarities } = nearestTo(over(Float32Array.of(1, -1, 0, 1), 1), [1], 3);

      expect([...rows]).toEqual([0, 3, 1]);
      expect([...similarities]).toEqual([1, 1, -1]);
    });

    it('takes a direction as plain numbers or as an array of any kind', () => {
      const index = over(points, D);
      const query = pointAt(points, D, 40);

      for (const same of [[...query], Float64Array.from(query)]) {
        expect(nearestTo(index, same, 5)).toEqual(nearestTo(index, query, 5));
      }
    });

    it('finds at least nine in ten of the true neighbors', () => {
      const many = clusteredPoints(3_000, 16, 40, 2);
      const queries = clusteredPoints(60, 16, 40, 3);
      const [index, exact] = [over(many, 16), { nearest: exactSearch(many, 16) }];
      let hits = 0;

      for (let q = 0; q < 60; q++) {
        const truth = new Set(nearestTo(exact, pointAt(queries, 16, q), 20).rows);
        hits += nearestTo(index, pointAt(queries, 16, q), 20).rows.filter((row) => truth.has(row)).length;
      }

      expect(hits / (60 * 20)).toBeGreaterThanOrEqual(0.9);
    });
  });
}
