import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { checkSize, keepPromise, parsePromise, sizeOf } from '#application/audience-size.ts';
import { Invalid } from '#application/errors.ts';
import { liftWithInterval, recallWithInterval } from '#domain/evaluation/intervals.ts';
import { seededRandom } from '#domain/random.ts';
import { KINDS, sampleOf } from '../domain/held-out.ts';
import { expansionOf, groupedPeople, populationOf, requestFor } from './people.ts';

describe('size', () => {
  it.each([
    ['1', 1],
    ['200', 200],
    ['007', 7],
    ['all', 200],
    ['100%', 200],
    ['5%', 10],
    ['0.5%', 1],
    ['0.75%', 2],
    ['0.1%', 1],
    ['12.5%', 25],
  ])('%s of 200 is %d', (size, expected) => {
    expect(sizeOf(size, 200)).toBe(expected);
  });

  it.each([
    '0',
    '-1',
    '201',
    '1.5',
    '1e2',
    '',
    ' 5',
    '5 ',
    'ten',
    '0x10',
    '99999999999999999999',
    '٣',
    'ALL',
    'NaN',
    '5 %',
  ])('of %j is refused', (size) => {
    expect(() => sizeOf(size, 200)).toThrow(Invalid);
    expect(() => sizeOf(size, 200)).toThrow(
      `expected a size from 1 to 200 (all users but seeds and excluded ones), a share such as 5%, all, or a promise such as lift>=3; got ${JSON.stringify(size)}`,
    );
  });

  it.each(['0%', '0.0%', '101%', '100.01%'])('of %s is refused', (size) => {
    expect(() => sizeOf(size, 200)).toThrow(`expected a size above 0% and up to 100%, got ${size}`);
  });

  it('is refused where nobody is left to rank', () => {
    for (const size of ['all', '1', '5%']) {
      expect(() => sizeOf(size, 0)).toThrow('expected users to rank, but all are seeds or excluded');
    }
  });
});

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

describe('a size by promise', () => {
  const [good] = KINDS.filter(({ kind }) => kind === 'good');
  const heldOut = { places: sampleOf(good, 200, seededRandom(1)) };
  const sizeFor = (text: string, baseRate?: number) => {
    const promise = parsePromise(text, baseRate);
    if (!promise) throw new Error(`expected a promise, got ${text}`);
    return keepPromise(text, promise, 1_000, heldOut);
  };

  it.each([1.5, 2, 2.5])('of a lift is the largest that keeps it by the lower end of its interval: %d', (lift) => {
    const size = sizeFor(`lift>=${lift}`);

    expect(liftWithInterval(heldOut.places, size / 1_000).low).toBeGreaterThan(lift - 1e-9);
    for (let larger = size + 1; larger < 1_000; larger++) {
      expect(liftWithInterval(heldOut.places, larger / 1_000).low).toBeLessThan(lift);
    }
  });

  it.each([0.1, 0.5, 0.9])('of a recall is the smallest that keeps it: %d', (recall) => {
    const size = sizeFor(`recall>=${recall}`);

    expect(recallWithInterval(heldOut.places, size / 1_000).low).toBeGreaterThan(recall - 1e-9);
    expect(recallWithInterval(heldOut.places, (size - 1) / 1_000).low).toBeLessThan(recall);
  });

  it('of a precision is that of the lift that it takes', () => {
    expect(sizeFor('precision>=0.2', 0.1)).toEqual(sizeFor('lift>=2'));
  });

  it('is everybody where everybody will do', () => {
    expect(sizeFor('lift>=1')).toBe(1_000);
    expect(sizeFor('recall>=1')).toBe(1_000);
  });

  it('is refused where none keeps it, with the best that can be had', () => {
    const sentence = (text: string, measure: string) =>
      new RegExp(
        `^expected a size that keeps ${text}, but the best there is has a ${measure} of [\\d.]+ to [\\d.]+ \\(expected: [\\d.]+\\), at \\d+ of 1000 users$`,
      );

    expect(() => sizeFor('lift>=1000000')).toThrow(Invalid);
    expect(() => sizeFor(' lift>=1000000 ')).toThrow(sentence('lift>=1000000', 'lift'));
    expect(() => sizeFor('precision>=0.9', 0.01)).toThrow(sentence('precision>=0.9', 'precision'));
  });

  it('is refused where no seeds were held out', () => {
    expect(() => keepPromise('lift>=3', { measure: 'lift', atLeast: 3 }, 1_000, undefined)).toThrow(
      new Invalid('expected evidence for a size by promise (lift>=3), but no seeds were held out'),
    );
  });

  it.each(['auto', 'information-value'])(
    'is that of the audience, whose evidence keeps the promise: %s',
    async (ranker) => {
      const population = await populationOf(groupedPeople(400));

      const expand = (size: string, evidence?: 'none') =>
        expansionOf(population, requestFor({ ranker, size, evidence, baseRate: 0.1 }));
      const { members, report } = await expand('lift>=2');

      expect(members).toHaveLength(report.size);
      expect(report.evidence?.lift.low).toBeGreaterThan(2 - 1e-9);
      expect(members).toEqual((await expand(String(report.size))).members);
      expect((await expand('recall>=0.5')).report.evidence?.recall.low).toBeGreaterThan(0.5 - 1e-9);
      expect((await expand('precision>=0.2')).report.size).toBe(report.size);
      await expect(expand('lift>=2', 'none')).rejects.toThrow('expected evidence for a size by promise (lift>=2)');
    },
  );
});

describe('what can be told of a size at once', () => {
  it.each([
    [{ size: '0' }, 'expected a size from 1 to 200'],
    [{ size: 'lift>3' }, 'expected a promise such as'],
    [{ size: 'precision>=0.2' }, 'expected a base rate beside a promise of precision'],
    [
      { size: 'lift>=3', evidence: 'none' },
      'expected evidence for a size by promise (lift>=3), short or full, got none',
    ],
  ])('is that %j will not do', (request, reason) => {
    expect(() => checkSize(request, 200)).toThrow(reason);
  });

  it('is not whether a promise can be kept, but that somebody must be there to keep it to', () => {
    expect(() => checkSize({ size: 'lift>=1000' }, 200)).not.toThrow();
    expect(() => checkSize({ size: 'lift>=1000' }, 0)).toThrow('expected users to rank');
  });
});
