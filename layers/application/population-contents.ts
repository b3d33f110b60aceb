/** What the users of a population have, counted once when a generation is written: so it can be told without reading a shard. */
import * as z from 'zod';
import { fieldOf, type Shard } from '#domain/features/shard.ts';
import { rowCountOf } from '#domain/features/sparse-matrix.ts';
import { compareTexts } from '#domain/features/text-order.ts';

export const PopulationContents = z.object({
  /** Users without a single feature: they can be seeds but resemble nobody. */
  usersWithoutFeatures: z.int().nonnegative(),
  /** A feature counts once for each user who has it. */
  entries: z.int().nonnegative(),
  weighted: z.boolean(),
  fieldCount: z.int().nonnegative(),
  /** How many features each of the largest fields has, the largest first. */
  fields: z.array(z.object({ field: z.string(), features: z.int().positive() })),
});
export type PopulationContents = z.infer<typeof PopulationContents>;

/** Fields are as many as features where these have no colon, and a manifest must stay small. */
const LISTED_FIELDS = 100;

/** Counts one shard after the other, however the users are cut into shards. */
export class ContentsCount {
  readonly #features = new Set<string>();
  #usersWithoutFeatures = 0;
  #entries = 0;
  #isWeighted = false;

  add({ features, rows }: Shard): void {
    for (const feature of features) this.#features.add(feature);
    this.#usersWithoutFeatures += emptyRowCount(rows);
    this.#entries += rows.columns.length;
    this.#isWeighted ||= rows.weights !== undefined;
  }

  get featureCount(): number {
    return this.#features.size;
  }

  contents(): PopulationContents {
    const counts = new Map<string, number>();
    for (const feature of this.#features) counts.set(fieldOf(feature), (counts.get(fieldOf(feature)) ?? 0) + 1);
    const fields = [...counts].map(([field, features]) => ({ field, features }));
    fields.sort((left, right) => right.features - left.features || compareTexts(left.field, right.field));
    return {
      usersWithoutFeatures: this.#usersWithoutFeatures,
      entries: this.#entries,
      weighted: this.#isWeighted,
      fieldCount: fields.length,
      fields: fields.slice(0, LISTED_FIELDS),
    };
  }
}

export function emptyRowCount(rows: Shard['rows']): number {
  let count = 0;
  for (let u = 0; u < rowCountOf(rows); u++) if (rows.offsets[u] === rows.offsets[u + 1]) count++;
  return count;
}
