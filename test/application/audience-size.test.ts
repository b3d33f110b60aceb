import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { parsePromise } from '#application/audience-size.ts';
import { Invalid } from '#application/errors.ts';

describe('a promise', () => {
  it.each([
    ['lift>=3', { measure: 'lift', atLeast: 3 }],
    ['lift>=0.5', { measure: 'lift', atLeast: 0.5 }],
    ['  lift  >=  1.25 ', { measure: 'lift', atLeast: 1.25 }],
    ['recall>=0.5', { measure: 'recall', atLeast: 0.5 }],
    ['recall >= 1', { measure: 'recall', atLeast: 1 }],
    ['precision>=0.1', { measure: 'precision', atLeast: 0.1, baseRate: 0.02 }],
  ])('is read from %j', (text, promise) => {
    expect(parsePromise(text, 0.02)).toEqual(promise);
  });

  it.each(['1000', '5%', 'all', '', 'everybody', '-3', 'recallable', '1e3'])('is not in %j', (text) => {
    expect(parsePromise(text)).toBeUndefined();
  });

  it.each([
    'lift>3',
    'lift>=abc',
    'lift>=',
    'lift',
    'lift=3',
    'lift<=3',
    'lift≥3',
    'lift> =3',
    'lift>=-1',
    'lift>=1e3',
    'Lift>=3',
    'recall>=50%',
    'auc>=0.8',
    '>=3',
    '3<=lift',
    'lift>=3 recall>=0.5',
  ])('is refused in another form: %s', (text) => {
    expect(() => parsePromise(text)).toThrow(
      new Invalid(`expected a promise such as lift>=3, recall>=0.5 or precision>=0.1, got ${JSON.stringify(text)}`),
    );
  });

  it.each([
    ['lift>=0', 'expected a lift above 0, got 0'],
    ['lift>=0.0', 'expected a lift above 0, got 0.0'],
    [`lift>=${'9'.repeat(400)}`, `expected a lift above 0 and below 10^308, got ${'9'.repeat(80)}`],
    ['recall>=0', 'expected a recall above 0 and up to 1, got 0'],
    ['recall>=1.5', 'expected a recall above 0 and up to 1, got 1.5'],
    ['precision>=50', 'expected a precision above 0 and up to 1, got 50'],
  ])('is refused outside its bounds: %s', (text, problem) => {
    expect(() => parsePromise(text, 0.02)).toThrow(new Invalid(problem));
  });

  it('of precision needs a base rate', () => {
    expect(() => parsePromise('precision>=0.1')).toThrow(
      new Invalid(
        'expected a base rate beside a promise of precision: the share of all candidates who would do, got none',
      ),
    );
  });

  it.each([0, -0.1, 1.01, Number.NaN, Number.POSITIVE_INFINITY])(
    'of precision refuses the base rate %d',
    (baseRate) => {
      expect(() => parsePromise('precision>=0.1', baseRate)).toThrow(
        new Invalid(`expected a base rate above 0 and up to 1, got ${baseRate}`),
      );
    },
  );

  test.prop([fc.constantFrom('lift', 'recall'), fc.integer({ min: 1, max: 1_000 })])(
    'is what was written',
    (measure, thousandths) => {
      const atLeast = thousandths / 1_000;

      expect(parsePromise(`${measure}>=${atLeast}`)).toEqual({ measure, atLeast });
    },
  );

  test.prop([fc.string()])('is read, refused or none in any text', (text) => {
    try {
      expect(parsePromise(text)).toBeOneOf([undefined, expect.objectContaining({ atLeast: expect.any(Number) })]);
    } catch (error) {
      expect(error).toBeInstanceOf(Invalid);
    }
  });
});
