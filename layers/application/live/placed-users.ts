/** Where users lie: the points of a generation, found by id without its rows, and without opening more shards than need be. */
import type { Shard } from '#domain/features/shard.ts';
import { partOf } from '#domain/features/shard-builder.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { Invalid } from '../errors.ts';
import type { FileEntry, Manifest } from '../manifest.ts';
import { readFile } from '../population.ts';
import type { Ports } from '../ports.ts';

/** The points of one generation: plain data. */
export interface Places {
  readonly generation: number;
  /** Into how many parts users are cut; undefined where the manifest does not say who is where. */
  readonly cut: number | undefined;
  readonly files: readonly { readonly part: number | undefined; readonly points: FileEntry }[];
}

export function placesOf({ population, generation, cut, shards }: Manifest): Places {
  const files = shards.map(({ part, index }) => {
    if (index) return { part, points: index.points };
    throw new Invalid(`${population}: expected a population with an index, found none; ingest it again`);
  });
  return { generation, cut: files.every(({ part }) => part !== undefined) ? cut : undefined, files };
}

/** The ids that may be in each file of points; files of nobody are left out. */
export function idsByFile({ cut, files }: Places, ids: readonly string[]): (readonly [FileEntry, string[]])[] {
  if (cut === undefined) return files.map(({ points }) => [points, [...ids]]);
  const byPart = Map.groupBy(ids, (id) => partOf(id, cut));
  return files.flatMap(({ part = 0, points }) => {
    const own = byPart.get(part);
    return own ? [[points, own] as const] : [];
  });
}

/** The users of a file of points, as rankers on points take them: without a single feature. */
export async function readPlaced(ports: Ports, entry: FileEntry): Promise<Shard> {
  const bytes = await readFile(ports, entry, 'part of the index');
  const { dimensions, vectors, lengths, learned } = ports.indexFormat.decodePoints(bytes, entry.name);
  const ids = ports.indexFormat.decodePointIds(bytes, entry.name);
  if (vectors.length !== dimensions * ids.length) {
    throw new Invalid(`${entry.name}: expected a point for each user, got another number`);
  }
  const none = { features: [], values: new Float64Array(0) };
  return {
    ids,
    features: [],
    rows: { columnCount: 0, offsets: new Uint32Array(ids.length + 1), columns: new Uint32Array(0), weights: undefined },
    embedding: {
      dimensions,
      vectors,
      lengths,
      model: { dimensions, idf: none, loadings: new Float64Array(0) },
      learned,
    },
  };
}

/** The same as one who keeps it needs it: without the signatures, which lie in the same bytes. */
export function withoutSignatures(shard: Shard): Shard {
  const { embedding } = shard;
  if (!embedding) return shard;
  const { vectors, lengths, learned } = embedding;
  const own = { vectors: vectors.slice(), lengths: lengths.slice(), learned: learned?.slice() };
  return { ...shard, embedding: { ...embedding, ...own } };
}

/** What a text of JavaScript takes beside its characters. */
const TEXT_BYTES = 24;

export function bytesOfPlaced({ ids, rows, embedding }: Shard): number {
  const texts = ids.reduce((sum, id) => sum + TEXT_BYTES + id.length, 0);
  const points = embedding
    ? embedding.vectors.byteLength + embedding.lengths.byteLength + (embedding.learned?.byteLength ?? 0)
    : 0;
  return texts + rows.offsets.byteLength + points;
}

/** The row of an id, by bisection: rows stand in the order of the ids. */
export function rowOf({ ids }: Pick<Shard, 'ids'>, id: string): number | undefined {
  let [from, to] = [0, ids.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (compareTexts(ids[middle], id) < 0) from = middle + 1;
    else to = middle;
  }
  return ids[from] === id ? from : undefined;
}
