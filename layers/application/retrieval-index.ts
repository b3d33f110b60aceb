/**
 * What retrieval and the rankers on points need: points, bands and neighbor graphs. Made and kept by an ingest; made anew,
 * and not kept, for a job that sees other features than the ingest did, because everything in an index has seen them all.
 */
import { fitImplicitAls } from '#domain/embedding/implicit-als.ts';
import { placeUsers } from '#domain/embedding/place-users.ts';
import { fitTruncatedSvd } from '#domain/embedding/truncated-svd.ts';
import type { UserRepresentation } from '#domain/embedding/user-representation.ts';
import type { EmbeddingModel, FactorModel } from '#domain/features/embedding.ts';
import { type Shard, type User, userAt, userCountOf } from '#domain/features/shard.ts';
import { ShardBuilder } from '#domain/features/shard-builder.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { compareTexts } from '#domain/features/text-order.ts';
import { hashText } from '#domain/random.ts';
import type { EmbeddingKind } from '#domain/ranking/rankers.ts';
import { encodeBandPages, prefixBitsFor } from '#domain/retrieval/band-page.ts';
import { type Banding, bucketHashes, chooseBanding } from '#domain/retrieval/lsh-banding.ts';
import { circulantStarts, setSignatures } from '#domain/retrieval/minhash.ts';
import type { BucketStore, Ports } from './ports.ts';
import type { Settings } from './settings.ts';

/** The bands of a population, and where each shard's pages are. */
export interface BandIndex {
  readonly hashes: number;
  readonly banding: Banding;
  readonly buckets: BucketStore;
  readonly shards: readonly { readonly pages: string; readonly prefixBits: number }[];
}

/** Fixes what chance there is in an index: the same users give the same index. */
export const INDEX_SEED = 1;

/** The embedding's model, fitted on the users of all shards in the order of their ids, or on a sample by hash of id. */
export function fitEmbedding(shards: readonly Shard[], settings: Settings): EmbeddingModel {
  return fitTruncatedSvd(trainingShard(shards, settings.maxTrainingUsers), settings.dimensions, INDEX_SEED);
}

/** The factors of a matrix factorisation, fitted on the same users. */
function fitFactors(shards: readonly Shard[], settings: Settings): FactorModel {
  return fitImplicitAls(trainingShard(shards, settings.maxTrainingUsers), settings.dimensions, INDEX_SEED);
}

/** What all shards of an index have in common. */
export interface IndexFit {
  readonly model: EmbeddingModel;
  /** What makes learned points, where the scorer has points of its own. */
  readonly representation?: UserRepresentation | undefined;
  readonly hashes: number;
  readonly banding: Banding;
}

/** Fits an index on its training users, as one shard. */
export function fitIndex(training: Shard, settings: Settings): IndexFit {
  const model = fitTruncatedSvd(training, settings.dimensions, INDEX_SEED);
  return { model, hashes: settings.hashes, banding: bandingFor(training, settings) };
}

/** All users as one shard, or a sample of them: the order of ids makes sums the same however the population is cut. */
export function trainingShard(shards: readonly Shard[], maxUsers: number): Shard {
  if (shards.length === 1 && userCountOf(shards) <= maxUsers) return shards[0];
  const sample = new TrainingSample(maxUsers);
  for (const shard of shards) sample.add(shard);
  return sample.shard();
}

/** The users whose ids hash lowest, gathered shard by shard: the same whatever the cut and the order. */
export class TrainingSample {
  readonly #maxUsers: number;
  #users: { readonly user: User; readonly hash: number }[] = [];
  #highest = Number.POSITIVE_INFINITY;

  constructor(maxUsers: number) {
    this.#maxUsers = maxUsers;
  }

  add(shard: Shard): void {
    for (const [row, id] of shard.ids.entries()) {
      const hash = hashText(id, INDEX_SEED);
      if (hash <= this.#highest) this.#users.push({ user: userAt(shard, row), hash });
    }
    if (this.#users.length <= this.#maxUsers) return;
    this.#users.sort((left, right) => left.hash - right.hash || compareTexts(left.user.id, right.user.id));
    this.#users = this.#users.slice(0, this.#maxUsers);
    this.#highest = this.#users[this.#maxUsers - 1].hash;
  }

  shard(): Shard {
    const builder = new ShardBuilder();
    for (const { user } of this.#users) builder.add(user);
    return builder.build(Number.POSITIVE_INFINITY)[0];
  }
}

/** The shards with their users' points, computed from the features they have. */
export function embedShards(shards: readonly Shard[], settings: Settings, kind: EmbeddingKind = 'svd'): Shard[] {
  const model = kind === 'als' ? fitFactors(shards, settings) : fitEmbedding(shards, settings);
  return shards.map((shard) => ({ ...shard, embedding: placeUsers(shard, model) }));
}

/** Signatures of all users of a shard, (U×H). */
export function signaturesOf({ rows, features }: Shard, hashes: number): Uint16Array {
  return setSignatures(rows, circulantStarts(features), hashes);
}

/**
 * How to cut signatures into bands: for the wanted similarity where one is set; else with as few rows a band as keep the
 * mean bucket below the set share of the users, because every row more loses look-alikes.
 */
export function bandingFor(training: Shard, settings: Settings): Banding {
  const { hashes, bandSimilarityPercent, bucketSharePercent } = settings;
  if (bandSimilarityPercent > 0) return chooseBanding(bandSimilarityPercent / 100, hashes);
  const signatures = signaturesOf(training, hashes);
  let rows = 1;
  while (rows < MAX_BAND_ROWS && meanBucketShare(signatures, hashes, rows) > bucketSharePercent / 100) rows++;
  return { bands: Math.floor(hashes / rows), rows };
}

/** Four ranks of 16 bits are one word of 64; longer bands find next to nobody. */
const MAX_BAND_ROWS = 4;

/** So many bands tell the share well enough. */
const PROBED_BANDS = 8;

/** The share of all users that a user meets in a bucket, on average: Σ bucket² / U². */
function meanBucketShare(signatures: Uint16Array, hashes: number, rows: number): number {
  const bands = Math.min(PROBED_BANDS, Math.floor(hashes / rows));
  const users = signatures.length / hashes;
  let pairs = 0;
  for (let band = 0; band < bands; band++) {
    const sizes = new Map<number, number>();
    for (const hash of bucketHashes(signatures, hashes, { bands, rows }, band))
      sizes.set(hash, (sizes.get(hash) ?? 0) + 1);
    for (const size of sizes.values()) pairs += size * size;
  }
  return users === 0 ? 0 : pairs / bands / (users * users);
}

/** Writes the band pages of one shard. Users without features are in no bucket. */
export async function writeBandPages(
  buckets: BucketStore,
  name: string,
  { rows }: Shard,
  signatures: Uint16Array,
  hashes: number,
  banding: Banding,
): Promise<{ readonly prefixBits: number; readonly pageBytes: number }> {
  const prefixBits = prefixBitsFor(rowCountOf(rows));
  const present = Uint32Array.from({ length: rowCountOf(rows) }, (_, row) => row).filter(
    (row) => rows.offsets[row] < rows.offsets[row + 1],
  );
  const pages = Array.from({ length: banding.bands }, (_, band) =>
    encodeBandPages(bucketHashes(signatures, hashes, banding, band), present, band, prefixBits),
  );
  await buckets.write(name, pages.flat());
  return { prefixBits, pageBytes: pages.flat().reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

/** Bands of shards as they are, kept nowhere. */
export async function scratchBands(ports: Ports, settings: Settings, shards: readonly Shard[]): Promise<BandIndex> {
  const { hashes } = settings;
  const buckets = ports.scratchBuckets();
  const banding = bandingFor(trainingShard(shards, settings.maxTrainingUsers), settings);
  const entries: { pages: string; prefixBits: number }[] = [];
  for (const [s, shard] of shards.entries()) {
    const pages = String(s);
    const signatures = signaturesOf(shard, hashes);
    const { prefixBits } = await writeBandPages(buckets, pages, shard, signatures, hashes, banding);
    entries.push({ pages, prefixBits });
  }
  return { hashes, banding, buckets, shards: entries };
}
