/**
 * Campaigns to learn from where nobody has run any: the users who have some feature are alike in a way that their other
 * features must tell.
 *
 * Reference: Liu et al. 2019 (RALM) §4.3, where the seeds of an item are its readers. The item is hidden from both towers:
 *            where users have one value of its field at most, the whole field, because a missing field tells as much.
 * Shapes:    points (M×D), of which a campaign's people are rows.
 * Cost:      the users are placed once, and once more for each field of one value; the users of other items once each.
 */
import { dropFeatures, fieldOf, type Shard } from '../features/shard.ts';
import { columnCounts, rowCountOf, selectRows } from '../features/sparse-matrix.ts';
import { type Random, shuffled } from '../random.ts';

/** People as points, as they look while the item is hidden; nobody who is nowhere. */
export interface PlacedPeople {
  /** (M×D). */
  readonly points: Float32Array;
  /** Theirs. */
  readonly rows: Uint32Array;
}

export interface PseudoCampaign {
  readonly item: string;
  /** Campaigns that are learned from together or held out together: those of one field, where a user has one value of it. */
  readonly group: string;
  readonly likes: PlacedPeople;
  readonly others: PlacedPeople;
}

/** Fewer make no audience: half of them are its seeds. */
export const LEAST_LIKES = 40;
/** More tell little more. */
const MOST_CAMPAIGNS = 200;
const MOST_LIKES = 1_000;
const MOST_OTHERS = 4_000;

/** `place` gives a shard's users as points, (U×D), the zero vector for who is nowhere; `isItem` says what may be learned from. */
export function pseudoCampaigns(
  shard: Shard,
  dimensions: number,
  place: (shard: Shard) => Float32Array,
  random: Random,
  isItem: (feature: string) => boolean = () => true,
): PseudoCampaign[] {
  const everybody = place(shard);
  const singles = singleFields(shard);
  const hidden = new Map<string, Float32Array>();
  const campaigns: PseudoCampaign[] = [];
  for (const f of chosenItems(shard, isItem, random)) {
    const item = shard.features[f];
    const field = fieldOf(item);
    const [having, lacking] = splitBy(shard, f);
    const [some, others] = [sampleOf(having, MOST_LIKES, random), sampleOf(lacking, MOST_OTHERS, random)];
    const isSingle = singles.has(field);
    if (isSingle && !hidden.has(field)) hidden.set(field, place(dropFeatures(shard, namesOf(shard, field))));
    const points = hidden.get(field) ?? everybody;
    const likes = isSingle ? { points, rows: some } : withoutItem(shard, item, some, place);
    campaigns.push({
      item,
      group: isSingle ? field : item,
      likes: placed(likes, dimensions),
      others: placed({ points, rows: others }, dimensions),
    });
  }
  return campaigns.filter(({ likes, others }) => Math.min(likes.rows.length, others.rows.length) >= LEAST_LIKES);
}

/** The fields of which no user has two values. */
function singleFields({ features, rows }: Shard): Set<string> {
  const fields = features.map(fieldOf);
  const singles = new Set(fields);
  for (let u = 0; u < rowCountOf(rows); u++) {
    for (let at = rows.offsets[u] + 1; at < rows.offsets[u + 1]; at++) {
      // Columns stand in the order of the names, so the values of a field stand side by side.
      if (fields[rows.columns[at]] === fields[rows.columns[at - 1]]) singles.delete(fields[rows.columns[at]]);
    }
  }
  return singles;
}

/** Columns of items with enough users and enough others, at random where they are many; rising. */
function chosenItems({ rows, features }: Shard, isItem: (feature: string) => boolean, random: Random): Uint32Array {
  const users = rowCountOf(rows);
  const counts = columnCounts(
    rows,
    Uint32Array.from({ length: users }, (_, u) => u),
  );
  const fit = Uint32Array.from(counts.keys()).filter(
    (f) => Math.min(counts[f], users - counts[f]) >= LEAST_LIKES && isItem(features[f]),
  );
  return sampleOf(fit, MOST_CAMPAIGNS, random);
}

function splitBy({ rows }: Shard, f: number): [Uint32Array, Uint32Array] {
  const has = new Uint8Array(rowCountOf(rows));
  for (let u = 0; u < has.length; u++) {
    for (let at = rows.offsets[u]; at < rows.offsets[u + 1]; at++) if (rows.columns[at] === f) has[u] = 1;
  }
  const all = Uint32Array.from(has.keys());
  return [all.filter((u) => has[u] === 1), all.filter((u) => has[u] === 0)];
}

function withoutItem(
  shard: Shard,
  item: string,
  rows: Uint32Array,
  place: (shard: Shard) => Float32Array,
): PlacedPeople {
  const own: Shard = {
    ids: Array.from(rows, (u) => shard.ids[u]),
    features: shard.features,
    rows: selectRows(shard.rows, rows),
  };
  return { points: place(dropFeatures(own, new Set([item]))), rows: Uint32Array.from(rows.keys()) };
}

function namesOf({ features }: Shard, field: string): Set<string> {
  return new Set(features.filter((feature) => fieldOf(feature) === field));
}

function placed({ points, rows }: PlacedPeople, D: number): PlacedPeople {
  return { points, rows: rows.filter((row) => points.subarray(row * D, row * D + D).some((x) => x !== 0)) };
}

/** Some of the values without repetition, rising; all of them where they are no more. */
export function sampleOf(values: Uint32Array, most: number, random: Random): Uint32Array {
  if (values.length <= most) return values;
  return shuffled(values, random).slice(0, most).sort();
}
