/** What somebody who wrote a name wrong may have meant. */
import { distance } from 'fastest-levenshtein';

/** Up to `count` names nearest to `name` by edits, nearest first; ties in the order given. */
export function nearestNames(name: string, names: readonly string[], count = 3): string[] {
  const lower = name.toLowerCase();
  return names
    .map((candidate, order) => ({ candidate, order, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((left, right) => left.edits - right.edits || left.order - right.order)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** ` (nearest: a, b, c)`, or nothing where there is nothing to choose from. */
export function hintOf(name: string, names: readonly string[]): string {
  const nearest = nearestNames(name, names);
  return nearest.length === 0 ? '' : ` (nearest: ${nearest.map((near) => JSON.stringify(near)).join(', ')})`;
}
