/**
 * Candidates: those worth scoring, found by buckets that they share with seeds and by nearness in the embedding, so that
 * not everybody has to be looked at.
 *
 * What is looked for depends on the ranker: people who differ from the others as the seeds do (`contrast`), people like
 * the seeds on the whole (`average`), or people like any one of them (`nearest`).
 */
import type { Shard } from '#domain/features/shard.ts';
import { rowSums, selectRows } from '#domain/features/sparse-matrix.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { hashText, seededRandom } from '#domain/random.ts';
import { CLUSTER_COUNT } from '#domain/ranking/by-attention.ts';
import { bestOf, mergeRankings, type RankedUser } from '#domain/ranking/rank-users.ts';
import type { Roles } from '#domain/ranking/ranker.ts';
import type { Preference } from '#domain/ranking/rankers.ts';
import { embeddingOf, mergeSeedVectors, seedVectorsOf } from '#domain/ranking/seed-vectors.ts';
import { decodeBandPage, prefixOf } from '#domain/retrieval/band-page.ts';
import type { Neighbors } from '#domain/retrieval/exact-search.ts';
import { bucketHashes } from '#domain/retrieval/lsh-banding.ts';
import { circulantStarts, setSignatures } from '#domain/retrieval/minhash.ts';
import { type BucketCounts, bucketWorth } from '#domain/retrieval/shared-buckets.ts';
import { kMeans } from '#domain/scoring/k-means.ts';
import { Invalid } from './errors.ts';
import type { NeighborIndex } from './ports.ts';
import { type BandIndex, INDEX_SEED } from './retrieval-index.ts';

/** A candidate of one source: the better the higher the score. */
export type Candidate = RankedUser;

/** The best `limit` users of the background who share buckets with seeds, best first. */
export async function candidatesFromBuckets(
  index: BandIndex,
  shards: readonly Shard[],
  roles: readonly Roles[],
  preference: Preference,
  limit: number,
): Promise<Candidate[]> {
  const counts = seedBuckets(index, shards, roles);
  const hits: Hit[][] = [];
  for (const [s, shard] of shards.entries()) hits.push(await hitsOf(index, s, shard, roles[s], counts));
  const seedCount = roles.reduce((sum, { seeds }) => sum + seeds.length, 0);
  const otherCount = roles.reduce((sum, { background }) => sum + background.length, 0);
  const worth = preference === 'contrast' ? 'contrast' : 'count';
  const lists = shards.map((shard, s) => {
    const scores = new Float64Array(shard.ids.length);
    for (const { bucket, rows } of hits[s]) {
      const points = bucketWorth(worth, bucket, seedCount, otherCount);
      for (const row of rows) scores[row] += points;
    }
    // A signature is a sample of a user's features, so its mean worth times their number is the worth of them all.
    const sizes = worth === 'contrast' ? rowSums(shard.rows) : undefined;
    const found = roles[s].background.filter((row) => scores[row] > 0);
    const ranked = Float32Array.from(found, (row) => scores[row] * (sizes ? sizes[row] : 1));
    return bestOf(shard, found, ranked, limit);
  });
  return mergeRankings(lists, limit);
}

/** By band, the buckets that seeds are in. */
type SeedBuckets = readonly ReadonlyMap<number, BucketCounts>[];

function seedBuckets({ hashes, banding }: BandIndex, shards: readonly Shard[], roles: readonly Roles[]): SeedBuckets {
  const counts = Array.from({ length: banding.bands }, () => new Map<number, BucketCounts>());
  for (const [s, { rows, features }] of shards.entries()) {
    const seeds = roles[s].seeds.filter((row) => rows.offsets[row] < rows.offsets[row + 1]);
    const signatures = setSignatures(selectRows(rows, seeds), circulantStarts(features), hashes);
    for (const [band, buckets] of counts.entries()) {
      for (const hash of bucketHashes(signatures, hashes, banding, band)) {
        const bucket = buckets.get(hash);
        if (bucket) bucket.seeds++;
        else buckets.set(hash, { seeds: 1, others: 0 });
      }
    }
  }
  return counts;
}

interface Hit {
  readonly bucket: BucketCounts;
  readonly rows: Uint32Array;
}

/** Reads each page that seeds are in once, and counts the others of the background in their buckets. */
async function hitsOf(index: BandIndex, s: number, shard: Shard, roles: Roles, counts: SeedBuckets): Promise<Hit[]> {
  const { pages, prefixBits } = index.shards[s];
  const isBackground = new Uint8Array(shard.ids.length);
  for (const row of roles.background) isBackground[row] = 1;
  const keys = counts.flatMap((buckets, band) =>
    [...new Set(Array.from(buckets.keys(), (hash) => prefixOf(hash, prefixBits)))].map((prefix) => ({ band, prefix })),
  );
  const hits: Hit[] = [];
  const found = await index.buckets.read(pages, keys);
  // In the order of the bands, whatever the store's: sums of points run in one order everywhere.
  for (const page of found.toSorted((left, right) => left.band - right.band)) {
    for (const { hash, rows } of decoded(page.bytes, page.prefix, prefixBits, pages)) {
      const bucket = counts[page.band].get(hash);
      if (!bucket) continue;
      const others = rows.filter((row) => isBackground[row]);
      bucket.others += others.length;
      hits.push({ bucket, rows: others });
    }
  }
  return hits;
}

function decoded(bytes: Uint8Array, prefix: number, prefixBits: number, where: string) {
  try {
    return decodeBandPage(bytes, prefix, prefixBits).buckets;
  } catch (cause) {
    throw new Invalid(`${where}: the band pages are damaged; delete the population and ingest it again`, { cause });
  }
}

/**
 * The best `limit` users of the background by nearness in the embedding, best first. A query's neighbors are those of all
 * shards together, so that any cut finds the same; people who are left out take nobody's place.
 */
export function candidatesFromNeighbors(
  indexes: readonly NeighborIndex[],
  shards: readonly Shard[],
  roles: readonly Roles[],
  queries: readonly Float64Array[],
  limit: number,
): Candidate[] {
  // Of many queries each asks for its share, four times over because neighbors repeat, and for as many as are seeds.
  const share = Math.min(limit, Math.max(10, Math.ceil((4 * limit) / Math.max(1, queries.length))));
  const wanted = share + roles.reduce((sum, { seeds }) => sum + seeds.length, 0);
  const kinds = shards.map((shard, s) => kindsOf(shard, roles[s]));
  const nearest = new Map<string, Candidate>();
  for (let first = 0; first < queries.length; first += QUERIES_TOGETHER) {
    const some = queries.slice(first, first + QUERIES_TOGETHER);
    const found = shards.map((shard, s) => {
      const leftOut = shard.ids.length - roles[s].seeds.length - roles[s].background.length;
      return indexes[s].nearest(some, wanted + leftOut);
    });
    for (const q of some.keys()) {
      const ofQuery = found.map((neighbors) => neighbors[q]);
      for (const user of nearestOf(ofQuery, shards, kinds, wanted)) {
        const known = nearest.get(user.id);
        if (!known || known.score < user.score) nearest.set(user.id, user);
      }
    }
  }
  return [...nearest.values()]
    .filter(({ shard, row }) => kinds[shards.indexOf(shard)][row] === BACKGROUND)
    .sort((left, right) => right.score - left.score || compareTexts(left.id, right.id))
    .slice(0, limit);
}

/** One look at all points is for so many queries; the neighbors of all at once would take much memory. */
const QUERIES_TOGETHER = 32;

const BACKGROUND = 1;
const SEED = 2;

/** What each row is; 0 for who is left out. */
function kindsOf({ ids }: Shard, { seeds, background }: Roles): Uint8Array {
  const kinds = new Uint8Array(ids.length);
  for (const row of background) kinds[row] = BACKGROUND;
  for (const row of seeds) kinds[row] = SEED;
  return kinds;
}

/** The nearest `k` of all shards but those left out: cut by nearness first, so that little has to be sorted by id. */
function nearestOf(
  found: readonly Neighbors[],
  shards: readonly Shard[],
  kinds: readonly Uint8Array[],
  k: number,
): Candidate[] {
  const present = found.map(({ similarities, rows }, s) => similarities.filter((_, n) => kinds[s][rows[n]] > 0));
  const all = Float32Array.from(present.flatMap((similarities) => [...similarities]));
  const threshold = all.length > k ? all.sort()[all.length - k] : -Infinity;
  const lists = found.map(({ rows, similarities }, s) => {
    const list: Candidate[] = [];
    for (let n = 0; n < rows.length && similarities[n] >= threshold; n++) {
      const row = rows[n];
      if (kinds[s][row] > 0) list.push({ id: shards[s].ids[row], score: similarities[n], shard: shards[s], row });
    }
    return list;
  });
  return mergeRankings(lists, k).slice(0, k);
}

/**
 * The directions to look in, unit length each; none where no seed has a point. One for the seeds on the whole (less what
 * all others have in common, for `contrast`); many for `nearest`: seeds themselves and the centers of their clusters.
 */
export function queriesFor(
  shards: readonly Shard[],
  roles: readonly Roles[],
  preference: Preference,
  seedQueries: number,
): Float64Array[] {
  if (preference === 'nearest') {
    const parts = shards.map((shard, s) => seedVectorsOf(shard, roles[s].seeds));
    const { dimensions: D, vectors } = mergeSeedVectors(parts, seedQueries);
    const { centroids } = kMeans(vectors, D, CLUSTER_COUNT, seededRandom(INDEX_SEED));
    return [...rowsOf(vectors, D), ...rowsOf(centroids, D)].flatMap(unit);
  }
  const mean = meanPoint(
    shards,
    roles.map(({ seeds }) => seeds),
  );
  if (preference === 'average') return unit(mean);
  const others = meanPoint(
    shards,
    roles.map(({ background }) => background),
  );
  return unit(mean.map((x, d) => x - others[d]));
}

/** The points as they were before they were made unit vectors: what sums over features, as `contrast` rankers do, sees. */
export function fullLengthPoints(shard: Shard): Float32Array {
  const { dimensions: D, vectors, lengths } = embeddingOf(shard);
  return vectors.map((x, at) => x * lengths[Math.floor(at / D)]);
}

/** Points are added as whole multiples of 2⁻³⁰, so that any cut into shards has the same mean. */
const UNIT = 2 ** 30;

function meanPoint(shards: readonly Shard[], rows: readonly Uint32Array[]): Float64Array {
  const D = embeddingOf(shards[0]).dimensions;
  const sum = new Float64Array(D);
  let count = 0;
  shards.forEach((shard, s) => {
    const { vectors } = embeddingOf(shard);
    for (const row of rows[s]) for (let d = 0; d < D; d++) sum[d] += Math.round(UNIT * vectors[row * D + d]);
    count += rows[s].length;
  });
  return sum.map((x) => x / (UNIT * Math.max(1, count)));
}

function rowsOf(vectors: ArrayLike<number>, D: number): Float64Array[] {
  return Array.from({ length: vectors.length / D }, (_, n) =>
    Float64Array.from({ length: D }, (__, d) => vectors[n * D + d]),
  );
}

function unit(vector: Float64Array): Float64Array[] {
  const norm = Math.hypot(...vector);
  return norm > 0 ? [vector.map((x) => x / norm)] : [];
}

/** From each list in turn its best who is not chosen yet, until there are `limit`. */
export function interleave(lists: readonly (readonly Candidate[])[], limit: number): Candidate[] {
  const chosen = new Map<string, Candidate>();
  const longest = lists.reduce((most, list) => Math.max(most, list.length), 0);
  for (let place = 0; place < longest && chosen.size < limit; place++) {
    for (const list of lists) {
      const candidate = list[place];
      if (candidate && chosen.size < limit && !chosen.has(candidate.id)) chosen.set(candidate.id, candidate);
    }
  }
  return [...chosen.values()];
}

/** Some users of the background, the same for any cut into shards: those whose ids hash lowest. */
export function sampleBackground(shards: readonly Shard[], roles: readonly Roles[], size: number): Uint32Array[] {
  const users = shards.flatMap(({ ids }, s) =>
    Array.from(roles[s].background, (row) => ({ s, row, id: ids[row], hash: hashText(ids[row], SAMPLE_SEED) })),
  );
  if (users.length <= size) return roles.map(({ background }) => background);
  users.sort((left, right) => left.hash - right.hash || compareTexts(left.id, right.id));
  const kept = users.slice(0, size);
  return shards.map((_, s) => Uint32Array.from(kept.flatMap((user) => (user.s === s ? [user.row] : []))).sort());
}

/** Another than those by which ids choose shards and training. */
const SAMPLE_SEED = 77;
