/** The size of an audience by what it is to reach: `lift>=3`, `recall>=0.5`, or, with a base rate, `precision>=0.1`. */
import type { SizePromise } from '#domain/evaluation/promised-size.ts';
import { Invalid } from './errors.ts';

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
