/**
 * The size of an audience: a number, a share, everybody; or by what it is to reach: `lift>=3`, `recall>=0.5`, or, with a
 * base rate, `precision>=0.1`.
 */
import { promisedSize, type SizePromise } from '#domain/evaluation/promised-size.ts';
import { Invalid } from './errors.ts';

/** How many members are wanted: a count, a share of the candidates, or all of them. */
export function sizeOf(size: string, candidateCount: number): number {
  if (candidateCount === 0) throw new Invalid('expected users to rank, but all are seeds or excluded');
  if (size === 'all') return candidateCount;
  const range = `from 1 to ${candidateCount} (all users but seeds and excluded ones)`;
  const share = /^(\d+(?:\.\d+)?)%$/.exec(size);
  if (share) {
    const percent = Number(share[1]);
    if (percent > 0 && percent <= 100) return Math.max(1, Math.round((candidateCount * percent) / 100));
    throw new Invalid(`expected a size above 0% and up to 100%, got ${size}`);
  }
  const count = /^\d+$/.test(size) ? Number(size) : Number.NaN;
  if (count >= 1 && count <= candidateCount) return count;
  throw new Invalid(
    `expected a size ${range}, a share such as 5%, all, or a promise such as lift>=3; got ${JSON.stringify(size)}`,
  );
}

const FORMS = 'lift>=3, recall>=0.5 or precision>=0.1';

/** Nothing for a text that is no promise, such as `1000`, `5%` or `all`. */
export function parsePromise(text: string, baseRate?: number): SizePromise | undefined {
  if (!/[<>=≤≥]|^\s*(?:lift|recall|precision)\b/i.test(text)) return undefined;
  const match = /^\s*(lift|recall|precision)\s*>=\s*(\d+(?:\.\d+)?)\s*$/.exec(text);
  if (!match) throw new Invalid(`expected a promise such as ${FORMS}, got ${JSON.stringify(text.slice(0, 80))}`);
  const [, measure, figure] = match;
  const atLeast = Number(figure);
  if (measure === 'lift') {
    if (atLeast > 0 && Number.isFinite(atLeast)) return { measure, atLeast };
    throw new Invalid(`expected a lift above 0${atLeast > 0 ? ' and below 10^308' : ''}, got ${figure.slice(0, 80)}`);
  }
  if (!isShare(atLeast)) throw new Invalid(`expected a ${measure} above 0 and up to 1, got ${figure.slice(0, 80)}`);
  return measure === 'recall'
    ? { measure, atLeast }
    : { measure: 'precision', atLeast, baseRate: checkBaseRate(baseRate) };
}

/** Refuses before anything is computed what can be told to be wrong then: all but a promise that can't be kept. */
export function checkSize(
  {
    size,
    baseRate,
    evidence,
  }: { readonly size: string; readonly baseRate?: number | undefined; readonly evidence?: string | undefined },
  candidateCount: number,
): void {
  const promise = parsePromise(size, baseRate);
  sizeOf(promise ? 'all' : size, candidateCount);
  if (promise && evidence === 'none')
    throw new Invalid(`expected evidence for a size by promise (${size.trim()}), short or full, got none`);
}

/** The size that keeps a promise by its interval's lower end; refused with the best there is where none does. */
export function keepPromise(
  text: string,
  promise: SizePromise,
  candidateCount: number,
  heldOut: { readonly places: Float64Array } | undefined,
): number {
  if (!heldOut) throw new Invalid(`expected evidence for a size by promise (${text}), but no seeds were held out`);
  const { kept, best } = promisedSize(heldOut.places, candidateCount, promise, true);
  if (kept) return kept.size;
  const { value, low, high } = best.value;
  throw new Invalid(
    `expected a size that keeps ${text.trim()}, but the best there is has a ${promise.measure} of ${low.toPrecision(3)} to ${high.toPrecision(3)} (expected: ${value.toPrecision(3)}), at ${best.size} of ${candidateCount} users`,
  );
}

/** How many of the candidates are like the seeds, which seeds cannot tell. */
function checkBaseRate(baseRate: number | undefined): number {
  if (baseRate === undefined)
    throw new Invalid(
      'expected a base rate beside a promise of precision: the share of all candidates who would do, got none',
    );
  if (isShare(baseRate)) return baseRate;
  throw new Invalid(`expected a base rate above 0 and up to 1, got ${baseRate}`);
}

function isShare(value: number): boolean {
  return value > 0 && value <= 1;
}
