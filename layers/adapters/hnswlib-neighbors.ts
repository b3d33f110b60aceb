/**
 * Neighbors by hnswlib-node, and by looking at everybody. All that is odd about hnswlib-node stays in here: it takes plain
 * arrays only, it saves and loads by file name only, and it throws where more neighbors are asked for than it holds.
 *
 * Reference: Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using HNSW", 2018.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HierarchicalNSW } from 'hnswlib-node';
import type { NeighborIndex, NeighborSearch } from '#application/ports.ts';
import { exactNearest, type Neighbors } from '#domain/retrieval/exact-search.ts';

/** Links a point; the library's authors' middle of the road. */
const M = 16;
const EF_CONSTRUCTION = 200;
/** So wide is a search at least, whatever the number of neighbors. */
const MIN_EF = 64;

export const hnswlibNeighbors: NeighborSearch = {
  exact(vectors, dimensions) {
    const zeros = zeroRows(vectors, dimensions);
    return {
      nearest: (queries, k) =>
        exactNearest(vectors, dimensions, queries, k + zeros.size).map(({ rows, similarities }) => {
          const present = rows.map((_, n) => n).filter((n) => !zeros.has(rows[n]));
          const nearest = present.subarray(0, k);
          return {
            rows: nearest.map((n) => rows[n]),
            similarities: Float32Array.from(nearest, (n) => similarities[n]),
          };
        }),
    };
  },

  build(vectors, dimensions, seed) {
    const index = newIndex(dimensions);
    const count = vectors.length / dimensions;
    index.initIndex(Math.max(1, count), M, EF_CONSTRUCTION, seed);
    const point = Array.from({ length: dimensions }, () => 0);
    for (let row = 0; row < count; row++) {
      if (isZero(vectors, dimensions, row)) continue;
      for (let d = 0; d < dimensions; d++) point[d] = vectors[row * dimensions + d];
      index.addPoint(point, row);
    }
    return throughFile((path) => {
      index.writeIndexSync(path);
      return readFileSync(path);
    });
  },

  open(graph, dimensions): NeighborIndex {
    const index = newIndex(dimensions);
    throughFile((path) => {
      writeFileSync(path, graph);
      index.readIndexSync(path);
    });
    return {
      nearest(queries, k) {
        const wanted = Math.min(k, index.getCurrentCount());
        if (wanted > 0) index.setEf(Math.max(MIN_EF, wanted));
        return queries.map((query) => nearestOne(index, plain(query), wanted));
      },
    };
  },
};

function nearestOne(index: HierarchicalNSW, query: number[], wanted: number): Neighbors {
  if (wanted === 0) return { rows: new Uint32Array(0), similarities: new Float32Array(0) };
  const { neighbors, distances } = index.searchKnn(query, wanted);
  const order = neighbors.map((_, n) => n).sort((i, j) => distances[i] - distances[j] || neighbors[i] - neighbors[j]);
  return {
    rows: Uint32Array.from(order, (n) => neighbors[n]),
    similarities: Float32Array.from(order, (n) => 1 - distances[n]),
  };
}

/** Loaded when first needed: most jobs never are in need of it, and in Lambda it comes with a layer. */
function newIndex(dimensions: number): HierarchicalNSW {
  const { HierarchicalNSW }: typeof import('hnswlib-node') = createRequire(import.meta.url)('hnswlib-node');
  return new HierarchicalNSW('ip', dimensions);
}

/** A loop, because `Array.from` on a typed array is some thirty times slower. */
function plain(vector: ArrayLike<number>): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < vector.length; i++) numbers.push(vector[i]);
  return numbers;
}

function isZero(vectors: Float32Array, dimensions: number, row: number): boolean {
  for (let at = row * dimensions; at < (row + 1) * dimensions; at++) if (vectors[at] !== 0) return false;
  return true;
}

function zeroRows(vectors: Float32Array, dimensions: number): ReadonlySet<number> {
  const zeros = new Set<number>();
  for (let row = 0; row * dimensions < vectors.length; row++) if (isZero(vectors, dimensions, row)) zeros.add(row);
  return zeros;
}

function throughFile<T>(use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'akin-hnsw-'));
  try {
    return use(join(folder, 'hnsw.bin'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
