import { compareTexts } from '#domain/features/text-order.ts';

/** JSON as one text for each value, whatever order its names came in: what is equal has equal hashes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([left], [right]) => compareTexts(left, right)))
      : each,
  );
}
