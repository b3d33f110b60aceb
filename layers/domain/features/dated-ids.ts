/**
 * Ids, each with the moment when it was last given. Merging is associative and idempotent, and its order decides nothing but
 * the order of the ids: so lists may be merged by anybody, twice, and in pieces.
 *
 * Shapes: ids (N), each once; moments (N).
 */
import { compareTexts } from './text-order.ts';

export interface DatedIds {
  readonly ids: readonly string[];
  /** Milliseconds since 1970. */
  readonly moments: Float64Array;
}

/** Each id once, with its latest moment; beyond `limit` the latest, and of one moment those that come first as texts. */
export function mergeDatedIds(parts: readonly DatedIds[], limit: number): DatedIds {
  const latest = new Map<string, number>();
  for (const { ids, moments } of parts) {
    ids.forEach((id, n) => {
      const known = latest.get(id);
      if (known === undefined || known < moments[n]) latest.set(id, moments[n]);
    });
  }
  const all = { ids: [...latest.keys()], moments: Float64Array.from(latest.values()) };
  return all.ids.length <= limit ? all : latestOf(all, limit);
}

/** By the moment of the last that is kept, because sorting numbers takes a tenth of sorting ids. */
function latestOf({ ids, moments }: DatedIds, limit: number): DatedIds {
  const last = moments.toSorted()[ids.length - limit];
  const later = ids.filter((_, n) => moments[n] > last);
  const tied = ids.filter((_, n) => moments[n] === last).sort(compareTexts);
  const kept = new Set([...later, ...tied.slice(0, limit - later.length)]);
  return { ids: ids.filter((id) => kept.has(id)), moments: moments.filter((_, n) => kept.has(ids[n])) };
}
