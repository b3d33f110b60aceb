import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { compareTexts } from '#domain/features/text-order.ts';

describe('order of texts', () => {
  test.prop([fc.array(fc.string({ unit: 'binary', maxLength: 4 }))])('is the order of their UTF-16 units', (texts) => {
    expect(texts.toSorted(compareTexts)).toEqual(texts.toSorted());
  });

  it('calls equal what is equal', () => expect(compareTexts('área', 'área')).toBe(0));
});
